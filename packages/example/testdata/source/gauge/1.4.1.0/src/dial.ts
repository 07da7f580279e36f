const SVG = "http://www.w3.org/2000/svg";

/** Adds an SVG element with these attributes to a parent. */
export function add(parent: Element, name: string, attributes: Record<string, string | number>): Element {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, String(value));
    }
    return parent.appendChild(element);
}

/** The angle of a value on the half circle, in radians, from the left. */
export function angle(value: number, maximum: number): number {
    const share = maximum > 0 ? value / maximum : 0;
    return Number.isFinite(share) ? Math.PI * Math.min(1, Math.max(0, share)) : 0;
}

/** The path of an arc from the left end to an angle. */
export function arc(x: number, y: number, radius: number, to: number): string {
    const endX = x - radius * Math.cos(to);
    const endY = y - radius * Math.sin(to);
    return `M ${x - radius} ${y} A ${radius} ${radius} 0 0 1 ${endX} ${endY}`;
}
