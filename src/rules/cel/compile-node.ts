import type { ASTNode } from '@marcbachmann/cel-js';
import { CelProblem } from './cel-problem.js';
import type { CelValue } from './cel-value.js';
import { compileField, compileIndex } from './compile-access.js';
import { compileArithmetic, compileMinus } from './compile-arithmetic.js';
import { compileCall, compileMethod } from './compile-call.js';
import { compileEquality, compileIn, compileOrdering } from './compile-comparison.js';
import { compileList, compileLiteral, compileMap } from './compile-literal.js';
import { compileChoice, compileLogic, compileNot } from './compile-logic.js';
import { compileName } from './compile-name.js';
import { type CompiledNode, type Scope, textOf } from './compiled-node.js';

/** How deep operators may be inside one another, so that the stack holds: `a + b + c` is two deep. */
const MAX_NODE_DEPTH = 1_000;

/** Compiles a part of an expression, checks its types, and throws a CelProblem for the first thing wrong with it. */
export function compileNode(node: ASTNode, scope: Scope): CompiledNode {
  scope.state.nodes += 1;
  const depth = scope.depth + 1;
  if (depth > MAX_NODE_DEPTH) throw new CelProblem('the expression is nested too deeply', node.start);
  return compileAt(node, { ...scope, depth });
}

function compileAt(node: ASTNode, scope: Scope): CompiledNode {
  switch (node.op) {
    case 'value':
      return compileLiteral(node.args as CelValue, node.start);
    case 'id':
      return compileName(node, scope);
    case '.':
      return compileField(node, scope, compileNode);
    case '[]':
      return compileIndex(node, scope, compileNode);
    case 'call':
      return compileCall(node, scope, compileNode);
    case 'rcall':
      return compileMethod(node, scope, compileNode);
    case 'list':
      return compileList(node, scope, compileNode);
    case 'map':
      return compileMap(node, scope, compileNode);
    case '?:':
      return compileChoice(node, scope, compileNode);
    case '&&':
      return compileLogic(node, false, scope, compileNode);
    case '||':
      return compileLogic(node, true, scope, compileNode);
    case '!_':
      return compileNot(node, scope, compileNode);
    case '-_':
      return compileMinus(node, scope, compileNode);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return compileArithmetic(node, scope, compileNode);
    case '==':
    case '!=':
      return compileEquality(node, scope, compileNode);
    case 'in':
      return compileIn(node, scope, compileNode);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compileOrdering(node, scope, compileNode);
    default:
      throw new CelProblem(
        `${textOf(node, scope.state)} uses something that conditions do not have`,
        node.start,
      );
  }
}
