/** Which runs the rows of some tables need: rows of equal settings share theirs. */
import { createHash } from 'node:crypto';
import { InvSegError } from '../errors.js';
import type { MethodOptions, MethodOverrides } from '../options/index.js';
import { mergeOverrides, methodRows, optionAt, resolveOptions } from '../options/index.js';
import type { NamesOffer, NamesOffers } from './offers.js';
import { isLacking } from './offers.js';
import type { ModelSides } from './resolutions.js';
import { mapSides, paperOptions, sidesNote } from './resolutions.js';
import type { RowRun, Table, TableRow } from './types.js';

/** All that decides a row's masks but the seed. */
export interface Setting {
  /** Folder of its runs, the same for the same settings: readable, with a hash at its end. */
  readonly slug: string;
  readonly options: Omit<MethodOptions, 'seed'>;
  readonly names: NamesOffer;
}

export interface PlannedRow {
  /** From 1. */
  readonly number: number;
  readonly row: TableRow;
  readonly setting?: Setting;
  /** Why there is none. */
  readonly reason?: string;
  readonly remark?: string;
  /** The settings of the paper's method as the caller's options leave them. */
  readonly standard: boolean;
}

export interface PlannedTable {
  readonly table: Table;
  readonly rows: readonly PlannedRow[];
  /** Of `rows`; what the others are compared with. */
  readonly reference?: PlannedRow;
  readonly notes: readonly string[];
}

export interface Plan {
  readonly tables: readonly PlannedTable[];
  /** Each once, in the order of the rows. */
  readonly settings: readonly Setting[];
}

export interface PlanInput {
  /** Tables whose rows are wanted, such as some of `paperTables`. */
  readonly tables: readonly Table[];
  readonly model: ModelSides;
  /** Sources of names that are there. */
  readonly names: NamesOffers;
  /** Options under all rows; what a row changes wins. */
  readonly options?: MethodOverrides | undefined;
  /** Numbers of rows, from 1; default all. Of one table only. */
  readonly rows?: readonly number[] | undefined;
}

/** @throws {InvSegError} `INVALID_OPTION` for options that no call would take and for rows that are not there */
export function makePlan({ tables, model, names, options = {}, rows }: PlanInput): Plan {
  checkRows(tables, rows);
  const settings = new Map<string, Setting>();
  const once = (setting: Setting): Setting => {
    if (!settings.has(setting.slug)) settings.set(setting.slug, setting);
    return settings.get(setting.slug)!;
  };
  const standard = settingOf({}, model, names, options);
  const planned = tables.map((table): PlannedTable => {
    const all = table.rows.map((row, i): PlannedRow => {
      const base = { number: i + 1, row, standard: false };
      if (!row.run) return { ...base, reason: 'the model of another paper' };
      const made = settingOf(row.run, model, names, options);
      if (made.setting === undefined) return { ...base, reason: made.reason };
      const { remark } = made;
      return {
        ...base,
        setting: made.setting,
        standard: made.setting.slug === standard.setting?.slug,
        ...(remark !== undefined && { remark }),
      };
    });
    const chosen = rows === undefined ? all : all.filter(({ number }) => rows.includes(number));
    const own = chosen.map((row) => (row.setting ? { ...row, setting: once(row.setting) } : row));
    const reference = own.find(
      (row) => row.setting && (table.reference === undefined ? row.standard : row.number === table.reference + 1),
    );
    const sides = sidesNote(
      model,
      table.rows.some(({ run }) => run?.training),
    );
    return {
      table,
      rows: own,
      ...(reference && { reference }),
      notes: [...(table.notes ?? []), ...(sides === undefined ? [] : [sides])],
    };
  });
  return { tables: planned, settings: [...settings.values()] };
}

/** @throws {InvSegError} `INVALID_OPTION` where no row can run */
export function checkRunnable({ tables, settings }: Plan): void {
  if (settings.length > 0) return;
  const reasons = [...new Set(tables.flatMap(({ rows }) => rows.flatMap(({ reason }) => reason ?? [])))];
  throw new InvSegError('INVALID_OPTION', `None of the rows can run: ${reasons.join('; ')}`);
}

function checkRows(tables: readonly Table[], rows: readonly number[] | undefined): void {
  if (rows === undefined) return;
  if (tables.length !== 1)
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected one table for rows but received ${tables.length}; rows are counted within a table`,
    );
  const {
    name,
    rows: { length },
  } = tables[0]!;
  const wrong = rows.find((row) => !Number.isInteger(row) || row < 1 || row > length);
  if (wrong !== undefined || rows.length === 0) {
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected numbers from 1 to ${length} for the rows of ${name} but received ${wrong ?? 'none'}`,
    );
  }
}

type Made = { setting: Setting; remark?: string } | { setting?: undefined; reason: string };

function settingOf(run: RowRun, model: ModelSides, offers: NamesOffers, options: MethodOverrides): Made {
  const { method = 'invseg', training: sides, names: kind = 'standard' } = run;
  const offer = offers[kind] ?? { missing: `there is no source of names ${kind}` };
  const mapped = sides === undefined ? {} : mapSides(sides, model);
  if (mapped.missing !== undefined) return { reason: mapped.missing };
  // A method of another paper has settings of its own, or the model's for it, which the preset would lie on top of.
  const base = method === 'invseg' || method === 'baseline' ? paperOptions(model) : {};
  const training = mapped.training && { attention: { training: mapped.training } };
  const overrides = mergeOverrides(base, options, run.options ?? {}, training ?? {}, { method });
  const { seed: _, ...resolved } = resolveOptions(overrides, model.methods);
  if (isLacking(offer)) return { reason: offer.missing };
  const { preset } = overrides;
  const { seed: __, ...plain } = resolveOptions({ ...base, preset, method }, model.methods);
  const setting = { slug: slugOf(resolved, plain, offer), options: resolved, names: offer };
  return { setting, ...(mapped.remark !== undefined && { remark: mapped.remark }) };
}

/** `invseg-loss.alpha-0.1-captions-1a2b3c4d` */
function slugOf(
  options: Omit<MethodOptions, 'seed'>,
  plain: Omit<MethodOptions, 'seed'>,
  { label, identity }: NamesOffer,
): string {
  const changed = methodRows().flatMap(({ key }) => {
    if (key === 'seed') return [];
    const [text, usual] = [options, plain].map((one) => JSON.stringify(optionAt(one as MethodOptions, key)));
    return text === usual ? [] : [`${key}-${text}`];
  });
  const readable = [options.method, ...changed, label]
    .join('-')
    .replace(/[^\w.]+/g, '-')
    .replace(/-+$/, '')
    .slice(0, 80);
  const hash = createHash('sha256')
    .update(JSON.stringify([options, identity]))
    .digest('hex')
    .slice(0, 8);
  return `${readable}-${hash}`;
}
