import powerbi from "powerbi-visuals-api";

/** What the gauge shows: the first value of each role. */
export interface Reading {
    value: number;
    maximum: number;
    minimum: number;
}

/** Reads the roles of a data view; undefined when there is no value to show. */
export function read(view?: powerbi.DataView): Reading | undefined {
    const found: Record<string, number> = {};
    for (const column of view?.categorical?.values ?? []) {
        for (const role of Object.keys(column.source.roles ?? {})) {
            found[role] ??= Number(column.values[0]);
        }
    }
    if (!Number.isFinite(found.value)) {
        return undefined;
    }
    return {
        value: found.value,
        maximum: found.maximum ?? found.value * 1.25,
        minimum: found.minimum ?? 0,
    };
}
