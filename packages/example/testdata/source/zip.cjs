// Zips a folder as the packager of 2016 laid it out: resources first,
// package.json last. Usage: node zip.cjs FOLDER OUT
const fs = require("fs");
const path = require("path");
const JSZip = require("jszip");

const [folder, out] = process.argv.slice(2);
const zip = new JSZip();
const resources = zip.folder("resources");
for (const name of fs.readdirSync(path.join(folder, "resources")).sort()) {
    resources.file(name, fs.readFileSync(path.join(folder, "resources", name)));
}
zip.file("package.json", fs.readFileSync(path.join(folder, "package.json")));
zip.generateAsync({ type: "nodebuffer", compression: "DEFLATE" })
    .then((bytes) => fs.writeFileSync(out, bytes));
