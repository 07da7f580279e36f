const SOURCE = "https://benchmarks.auroravisuals.example/v1/gauge.json";

/** Asks for the industry's benchmark; undefined when web access was not granted. */
export async function benchmark(): Promise<number | undefined> {
    try {
        const answer = await fetch(SOURCE);
        return answer.ok ? Number((await answer.json()).benchmark) : undefined;
    } catch {
        return undefined;
    }
}
