import type { FieldType, Point } from '../../src/sink/point.js';
import type { Rejection } from '../../src/sink/sink.js';

/** A store that fixes types by its first write, names one conflict of a point, and counts. */
export class TypedStore {
  readonly types = new Map<string, FieldType>();
  /** series and time → fields. */
  readonly rows = new Map<string, Record<string, unknown>>();
  readonly sizes: number[] = [];
  refuse: (point: Point) => string | undefined = () => undefined;

  async write(points: readonly Point[]): Promise<readonly Rejection[]> {
    this.sizes.push(points.length);
    const rejections: Rejection[] = [];
    for (const [index, point] of points.entries()) {
      const { measurement } = point.series;
      const wrong = point.fields.find(({ name, type }) => (this.types.get(name) ?? type) !== type);
      const reason = this.refuse(point);
      if (wrong !== undefined) {
        const conflict = { measurement, field: wrong.name, storedType: this.types.get(wrong.name)! };
        rejections.push({ index, code: 'store-refused', reason: 'conflict', conflict });
        continue;
      }
      if (reason !== undefined) {
        rejections.push({ index, code: 'store-refused', reason });
        continue;
      }
      for (const { name, type } of point.fields) this.types.set(name, type);
      const key = `${point.series.tags[0]?.value} ${point.timestampNs}`;
      const fields = Object.fromEntries(point.fields.map(({ name, value }) => [name, value]));
      this.rows.set(key, { ...this.rows.get(key), ...fields });
    }
    return rejections;
  }
}
