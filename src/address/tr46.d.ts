/** The part of tr46 (UTS #46) that `domain.ts` uses; the package brings no types of its own. */
declare module "tr46" {
  type Options = {
    readonly checkHyphens?: boolean;
    readonly checkBidi?: boolean;
    readonly checkJoiners?: boolean;
    readonly useSTD3ASCIIRules?: boolean;
    readonly verifyDNSLength?: boolean;
  };
  export function toASCII(domainName: string, options?: Options): string | null;
  export function toUnicode(
    domainName: string,
    options?: Options,
  ): { readonly domain: string; readonly error: boolean };
}
