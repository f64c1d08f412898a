const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Text between tags and in attributes. What XML 1.0 cannot hold (§2.2) is left out. */
export function escapeXml(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "")
      .replaceAll(/[&<>"']/g, (character) => entities[character] ?? "")
  );
}

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
