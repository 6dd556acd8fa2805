/** How i386 lays out C: scalars of 1, 2, 4 and 8 bytes, little endian, 8-byte ones aligned to 4. */

export interface CType {
  readonly size: number;
  readonly align: number;
  put(view: DataView, at: number, value: number | bigint | Uint8Array): void;
  get(view: DataView, at: number): number | bigint | Uint8Array;
}

const scalar = (
  size: number,
  put: (v: DataView, at: number, x: number) => void,
  get: (v: DataView, at: number) => number,
): CType => ({
  size,
  align: size,
  put: (view, at, value) => put(view, at, Number(value)),
  get,
});
const long = (signed: boolean): CType => ({
  size: 8,
  align: 4,
  put: (view, at, value) => {
    if (typeof value !== 'number' || value < 0 || value > 0xffffffff)
      return view.setBigUint64(at, BigInt.asUintN(64, BigInt(value as number | bigint)), true);
    view.setUint32(at, value, true); // the usual case, without a bigint
    view.setUint32(at + 4, 0, true);
  },
  get: (view, at) => (signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true)),
});

export const u8 = scalar(
  1,
  (v, at, x) => v.setUint8(at, x),
  (v, at) => v.getUint8(at),
);
export const u16 = scalar(
  2,
  (v, at, x) => v.setUint16(at, x, true),
  (v, at) => v.getUint16(at, true),
);
export const u32 = scalar(
  4,
  (v, at, x) => v.setUint32(at, x, true),
  (v, at) => v.getUint32(at, true),
);
export const i32 = scalar(
  4,
  (v, at, x) => v.setInt32(at, x, true),
  (v, at) => v.getInt32(at, true),
);
export const u64 = long(false);
export const i64 = long(true);
/** An address in the program. */
export const pointer = u32;
/** n bytes, written from a Uint8Array (shorter ones are zero-filled), read as a copy. */
export const bytes = (n: number): CType => ({
  size: n,
  align: 1,
  put: (view, at, value) => {
    const to = new Uint8Array(view.buffer, view.byteOffset + at, n).fill(0);
    if (value instanceof Uint8Array) to.set(value.subarray(0, n));
  },
  get: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, n).slice(),
});

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly type: CType;
}
export type Values = Record<string, number | bigint | Uint8Array>;

export interface Struct {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly Field[];
  /** Fields that `values` leaves out are zero. */
  encode(values: Values, into?: Uint8Array): Uint8Array;
  decode(from: Uint8Array): Values;
}

const fieldOf = (struct: Struct, name: string): Field => {
  const field = struct.fields.find((f) => f.name === name);
  if (field === undefined) throw new Error(`struct ${struct.name} has no field ${name}`);
  return field;
};

/** Where a field is, for code that reads or writes it in place. */
export const offsetIn = (struct: Struct, name: string): number => fieldOf(struct, name).offset;

/**
 * Copies fields between two structs' bytes as C assigns unsigned integers: a wider one is cut off, a narrower one leaves
 * the rest of the target as it is. `names`: the source's field by the target's. It makes no garbage.
 */
export function copier(
  from: Struct,
  to: Struct,
  names: Readonly<Record<string, string>>,
): (source: Uint8Array, target: Uint8Array) => void {
  const moves = Object.entries(names).map(([target, source]) => {
    const [a, b] = [fieldOf(from, source), fieldOf(to, target)];
    return { from: a.offset, to: b.offset, size: Math.min(a.type.size, b.type.size) };
  });
  return (source, target) => {
    for (const move of moves) for (let i = 0; i < move.size; i++) target[move.to + i] = source[move.from + i];
  };
}

/** A struct of the kernel's i386 interface. Offsets are computed; a size other than the stated one is a defect: it throws. */
export function struct(name: string, size: number, layout: Record<string, CType>): Struct {
  let offset = 0;
  let align = 1;
  const fields = Object.entries(layout).map(([field, type]): Field => {
    offset = Math.ceil(offset / type.align) * type.align;
    const at = offset;
    offset += type.size;
    align = Math.max(align, type.align);
    return { name: field, offset: at, type };
  });
  const total = Math.ceil(offset / align) * align;
  if (total !== size) throw new Error(`struct ${name} comes to ${total} bytes, it must be ${size}`);
  return {
    name,
    size,
    fields,
    encode(values, into = new Uint8Array(size)) {
      into.fill(0, 0, size);
      const view = new DataView(into.buffer, into.byteOffset, size);
      for (const f of fields) if (values[f.name] !== undefined) f.type.put(view, f.offset, values[f.name]);
      return into;
    },
    decode(from) {
      const view = new DataView(from.buffer, from.byteOffset, size);
      const values: Values = {};
      for (const f of fields) values[f.name] = f.type.get(view, f.offset);
      return values;
    },
  };
}
