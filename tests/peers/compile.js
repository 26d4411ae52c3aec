// Compiles the tests' tokens into node_modules/.tokens/<contract>.hex, one line of deployment code each: our own in
// tokens/, and published ones. Run after `npm ci --ignore-scripts`.
"use strict";

const fs = require("fs");
const path = require("path");
const solc = require("solc");

const here = (...parts) => path.join(__dirname, ...parts);
const read = (file) => fs.readFileSync(file, "utf8");

const sources = {};
for (const name of fs.readdirSync(here("tokens"))) {
  sources[`tokens/${name}`] = { content: read(here("tokens", name)) };
}
for (const name of ["MissingReturns", "TransferFee", "LowDecimals", "HighDecimals", "Pausable", "BlockList"]) {
  const file = `weird-erc20/contracts/${name}.sol`;
  sources[file] = { content: read(here("node_modules", file)) };
}

const input = {
  language: "Solidity",
  sources,
  settings: {
    evmVersion: "paris",
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
  },
};
const imported = (file) => {
  try {
    return { contents: read(here("node_modules", file)) };
  } catch (error) {
    return { error: error.message };
  }
};
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imported }));
const errors = (output.errors || []).filter((error) => error.severity === "error");
if (errors.length > 0) {
  console.error(errors.map((error) => error.formattedMessage).join("\n"));
  process.exit(1);
}

const target = here("node_modules", ".tokens");
fs.mkdirSync(target, { recursive: true });
const write = (name, code) => fs.writeFileSync(path.join(target, `${name}.hex`), code.replace(/^0x/, "") + "\n");
for (const contracts of Object.values(output.contracts)) {
  for (const [name, contract] of Object.entries(contracts)) {
    if (contract.evm.bytecode.object) write(name, contract.evm.bytecode.object);
  }
}
// Published as a build: used unchanged.
const published = require("@openzeppelin/contracts/build/contracts/ERC20PresetFixedSupply.json");
write("ERC20PresetFixedSupply", published.bytecode);
