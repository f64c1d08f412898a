import { z } from "zod";
import { deleteSetting, smartHostPassword, writeSetting } from "../../store/settings.ts";
import { operation } from "../operation.ts";

/** The `account` of a route with a smart host; its password is a secret here, never in the document (relay-policy §2.1). */
const account = z.string().min(1).max(200);

export const smartHostPasswordSet = operation({
  name: "smart-host password",
  help: "keep the password of an account at a smart host",
  input: z.strictObject({ account, password: z.string().min(1).max(1_000) }),
  output: z.object({ kept: z.string() }),
  worksAtRest: true,
  async run({ store }, { account: name, password }) {
    await store.commit([writeSetting(smartHostPassword(name), password)]);
    return { kept: name };
  },
});

export const smartHostForget = operation({
  name: "smart-host forget",
  help: "forget the password of an account at a smart host",
  input: z.strictObject({ account }),
  output: z.object({ forgotten: z.string() }),
  worksAtRest: true,
  async run({ store }, { account: name }) {
    await store.commit([deleteSetting(smartHostPassword(name))]);
    return { forgotten: name };
  },
});
