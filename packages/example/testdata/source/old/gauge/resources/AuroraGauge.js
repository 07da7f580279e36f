var powerbi;
(function (powerbi) {
    var visuals;
    (function (visuals) {
        var auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E = (function () {
            function auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E() {
            }
            auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E.prototype.init = function (options) {
                this.root = options.element.addClass("aurora-gauge");
            };
            auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E.prototype.update = function (options) {
                var values = options.dataViews[0].categorical.values;
                this.root.text(values[0].values[0] + " of " + values[1].values[0]);
            };
            auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E.capabilities = {
                dataRoles: [
                    { name: "value", displayName: "Value", kind: powerbi.VisualDataRoleKind.Measure },
                    { name: "target", displayName: "Target", kind: powerbi.VisualDataRoleKind.Measure },
                ],
                dataViewMappings: [{ categorical: { values: { select: [{ bind: { to: "value" } }, { bind: { to: "target" } }] } } }],
            };
            return auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E;
        })();
        visuals.auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E = auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E;
    })(visuals = powerbi.visuals || (powerbi.visuals = {}));
})(powerbi || (powerbi = {}));
var powerbi;
(function (powerbi) {
    var visuals;
    (function (visuals) {
        var plugins;
        (function (plugins) {
            plugins.auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E = {
                name: "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E",
                class: "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E",
                capabilities: visuals.auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E.capabilities,
                custom: true,
                create: function () { return new visuals.auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E(); }
            };
        })(plugins = visuals.plugins || (visuals.plugins = {}));
    })(visuals = powerbi.visuals || (powerbi.visuals = {}));
})(powerbi || (powerbi = {}));
