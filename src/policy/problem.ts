/** What is wrong with one value of an ACL file, and what it must be instead; the loader adds where it stands. */
export class Problem extends Error {
  constructor(
    readonly what: string,
    readonly must: string,
  ) {
    super(`${what}, ${must}`);
    this.name = 'Problem';
  }
}

/** Policy files that cannot be used. `message` has one `file:line:column: …` line per problem. */
export class PolicyError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const lines = problems.map(printable);
    super(lines.join('\n'));
    this.problems = lines;
    this.name = 'PolicyError';
  }
}

/** Control characters escaped, so that text of a policy file cannot write on the terminal that shows it. */
export function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
