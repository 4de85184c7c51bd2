/** Where a check's picture can be fetched; "" where the evidence is no picture. */
export function picture(evidence: string): string {
  if (!/\.(png|jpe?g|webp)$/i.test(evidence)) return "";
  return evidence.startsWith("/") ? evidence : `/api/v1/evidence/${evidence.split("/").map(encodeURIComponent).join("/")}`;
}
