/**
 * Which rows can ask the policy, found in the source: a row asks when its code reaches `call.ask` or `call.relabel`
 * through any function that it names. Too many are found rather than too few.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const DIRECTORY = 'src/syscalls';
const ASKING = new Set(['ask', 'relabel']);
/** The sides of the DSL itself: declarations, no code of a row. */
const NO_CODE = new Set(['dsl.ts']);

interface Source {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly files: readonly ts.SourceFile[];
}

function open(): Source {
  const names = readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.ts') && !NO_CODE.has(name))
    .map((name) => join(DIRECTORY, name));
  const program = ts.createProgram(names, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noLib: true,
    types: [],
  });
  const files = names.flatMap((name) => program.getSourceFile(name) ?? []);
  return { program, checker: program.getTypeChecker(), files };
}

/** What an identifier names: the declaration itself, imports followed. */
function declarationOf(checker: ts.TypeChecker, name: ts.Identifier): ts.Node | undefined {
  let symbol = checker.getSymbolAtLocation(name);
  if (symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.declarations?.[0];
}

const isCode = (node: ts.Node): boolean =>
  ts.isFunctionDeclaration(node) || (ts.isVariableDeclaration(node) && ts.isSourceFile(node.parent.parent.parent));

/** Does the code below a node reach a question? */
function asks({ checker, files }: Source, node: ts.Node, seen: Set<ts.Node>): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  let found = false;
  const visit = (inner: ts.Node): void => {
    if (found) return;
    if (ts.isPropertyAccessExpression(inner) && ASKING.has(inner.name.text)) found = true;
    if (ts.isIdentifier(inner)) {
      const declared = declarationOf(checker, inner);
      if (declared !== undefined && isCode(declared) && files.includes(declared.getSourceFile()))
        found ||= asks({ checker, files } as Source, declared, seen);
    }
    ts.forEachChild(inner, visit);
  };
  ts.forEachChild(node, visit);
  return found;
}

/** Names of the calls whose rows ask by code of their own. */
export function askers(): string[] {
  const source = open();
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'family') {
      const [rows] = node.arguments;
      if (!ts.isObjectLiteralExpression(rows)) throw new Error(`family() of no object: ${node.getText().slice(0, 80)}`);
      for (const row of rows.properties) {
        if (!ts.isPropertyAssignment(row)) throw new Error(`no plain row: ${row.getText().slice(0, 80)}`);
        if (asks(source, row.initializer, new Set())) names.push(row.name.getText());
      }
    }
    ts.forEachChild(node, visit);
  };
  source.files.forEach(visit);
  return names.sort();
}
