/** What a descriptor refers to, to be acted on by itself (AT_EMPTY_PATH, /proc/self/fd/N). */
import type { ByteString } from '../abi/bytes.js';
import { MODE } from '../abi/flags.js';
import type { Resolved } from '../syscalls/dsl.js';
import type { Layer } from './view.js';

export interface Names {
  readonly guest: ByteString;
  readonly host: ByteString;
  readonly layer: Layer;
  readonly anonymous: boolean;
}

/** Its names are asked for when somebody wants them: a stat by descriptor, the most frequent of calls, does not. */
export class Held implements Resolved {
  readonly exists = true;
  readonly held = true;
  readonly dir: number;
  readonly name: ByteString;
  private names?: Names;

  constructor(
    readonly object: number,
    readonly type: number,
    readonly descriptor: number | undefined,
    private readonly look: (fd: number) => Names,
    readonly dots?: '.',
  ) {
    this.dir = object;
    this.name = type === MODE.values.S_IFDIR ? '.' : '';
  }

  private get known(): Names {
    return (this.names ??= this.look(this.object));
  }
  get guest(): ByteString {
    return this.known.guest;
  }
  get host(): ByteString {
    return this.known.host;
  }
  get layer(): Layer {
    return this.known.layer;
  }
  get anonymous(): boolean {
    return this.known.anonymous;
  }
}
