import powerbi from "powerbi-visuals-api";
import "./../style/visual.less";

import VisualConstructorOptions = powerbi.extensibility.visual.VisualConstructorOptions;
import VisualUpdateOptions = powerbi.extensibility.visual.VisualUpdateOptions;
import IVisual = powerbi.extensibility.visual.IVisual;
import IVisualEventService = powerbi.extensibility.IVisualEventService;

const SVG = "http://www.w3.org/2000/svg";

export class Timeline implements IVisual {
    private readonly root: SVGElement;
    private readonly events: IVisualEventService;

    constructor(options: VisualConstructorOptions) {
        this.events = options.host.eventService;
        this.root = this.add(options.element, "svg", { class: "aurora-timeline" }) as SVGElement;
    }

    public update(options: VisualUpdateOptions): void {
        this.events.renderingStarted(options);
        this.root.replaceChildren();
        const view = options.dataViews?.[0];
        const [days, names] = view?.categorical?.categories ?? [];
        if (days) {
            const fill = view?.metadata.objects?.axis?.fill as powerbi.Fill | undefined;
            this.draw(days.values, names?.values ?? [], options.viewport, fill?.solid?.color ?? "#1f7a8c");
            if (view?.metadata.objects?.axis?.labels === true) {
                this.label(names?.values ?? []);
            }
        }
        this.events.renderingFinished(options);
    }

    private draw(days: powerbi.PrimitiveValue[], names: powerbi.PrimitiveValue[], viewport: powerbi.IViewport, color: string): void {
        const at = days.map((day) => new Date(day as string).getTime());
        const first = Math.min(...at);
        const span = Math.max(...at) - first || 1;
        const y = viewport.height / 2;
        this.add(this.root, "line", { x1: 0, y1: y, x2: viewport.width, y2: y, stroke: color });
        at.forEach((time, i) => {
            const x = 8 + ((viewport.width - 16) * (time - first)) / span;
            const dot = this.add(this.root, "circle", { cx: x, cy: y, r: 5, fill: color });
            this.add(dot, "title", {}).textContent = String(names[i] ?? "");
        });
    }

    private label(names: powerbi.PrimitiveValue[]): void {
        this.root.querySelectorAll("circle").forEach((dot, i) => {
            const label = this.add(this.root, "text", { x: dot.cx.baseVal.value, y: dot.cy.baseVal.value - 10 });
            label.textContent = String(names[i] ?? "");
        });
    }

    private add(parent: Element, name: string, attributes: Record<string, string | number>): Element {
        const element = document.createElementNS(SVG, name);
        for (const [key, value] of Object.entries(attributes)) {
            element.setAttribute(key, String(value));
        }
        return parent.appendChild(element);
    }
}
