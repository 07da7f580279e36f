import powerbi from "powerbi-visuals-api";

/** The color a person chose for a part of the gauge, or the usual one. */
export function color(part: powerbi.DataViewObject | undefined, usual: string): string {
    return (part?.fill as powerbi.Fill | undefined)?.solid?.color ?? usual;
}
