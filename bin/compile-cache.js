import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// TypeScript that is stripped and compiled at each start costs half of it, and the stripper stays in memory. What was made of
// the sources is kept beside them, where nobody but their owner writes: Node's own choice is a folder in /tmp, and what lies
// there is run. Where the sources cannot be written, NODE_COMPILE_CACHE names another folder; without any, the start is slower.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("../.cache/compile", import.meta.url));
// By the variable, because the threads of the database find it there.
enableCompileCache();
