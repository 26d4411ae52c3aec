// The second chain: tests start it with `hardhat node`. Its EVM shares no code with the first chain's.
module.exports = {
  networks: { hardhat: { chainId: 31338 } },
};
