import powerbi from "powerbi-visuals-api";
import "./../style/visual.less";
import { color } from "./color";
import { add, angle, arc } from "./dial";
import { read } from "./reading";

import VisualConstructorOptions = powerbi.extensibility.visual.VisualConstructorOptions;
import VisualUpdateOptions = powerbi.extensibility.visual.VisualUpdateOptions;
import IVisual = powerbi.extensibility.visual.IVisual;
import IVisualEventService = powerbi.extensibility.IVisualEventService;

export class Gauge implements IVisual {
    private readonly root: SVGElement;
    private readonly events: IVisualEventService;

    constructor(options: VisualConstructorOptions) {
        this.events = options.host.eventService;
        this.root = add(options.element, "svg", { class: "aurora-gauge" }) as SVGElement;
    }

    public update(options: VisualUpdateOptions): void {
        this.events.renderingStarted(options);
        this.root.replaceChildren();
        const view = options.dataViews?.[0];
        const reading = read(view);
        if (reading) {
            this.draw(reading, options.viewport, view?.metadata.objects);
        }
        this.events.renderingFinished(options);
    }

    private draw(reading: ReturnType<typeof read>, viewport: powerbi.IViewport, objects?: powerbi.DataViewObjects): void {
        const { width, height } = viewport;
        const radius = Math.max(0, Math.min(width / 2, height) - 12);
        const [x, y] = [width / 2, height - 8];
        const thickness = Number(objects?.dial?.thickness ?? 14);
        add(this.root, "path", { class: "dial", d: arc(x, y, radius, Math.PI), "stroke-width": thickness });
        add(this.root, "path", {
            class: "value",
            stroke: color(objects?.dial, "#1f7a8c"),
            d: arc(x, y, radius, angle(reading.value, reading.maximum)),
            "stroke-width": thickness,
        });
        if (reading.target !== undefined && objects?.needle?.show !== false) {
            const at = angle(reading.target, reading.maximum);
            add(this.root, "line", {
                class: "needle", stroke: color(objects?.needle, "#333"),
                x1: x, y1: y, x2: x - radius * Math.cos(at), y2: y - radius * Math.sin(at),
            });
        }
    }
}
