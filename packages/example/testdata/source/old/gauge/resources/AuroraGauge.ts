module powerbi.visuals {
    export class auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E implements IVisual {
        public static capabilities: VisualCapabilities = {
            dataRoles: [
                { name: "value", displayName: "Value", kind: VisualDataRoleKind.Measure },
                { name: "target", displayName: "Target", kind: VisualDataRoleKind.Measure },
            ],
            dataViewMappings: [{ categorical: { values: { select: [{ bind: { to: "value" } }, { bind: { to: "target" } }] } } }],
        };
        private root: JQuery;

        public init(options: VisualInitOptions): void {
            this.root = options.element.addClass("aurora-gauge");
        }

        public update(options: VisualUpdateOptions): void {
            var values = options.dataViews[0].categorical.values;
            this.root.text(values[0].values[0] + " of " + values[1].values[0]);
        }
    }
}
