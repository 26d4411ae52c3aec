// The second chain: started by the tests with `hardhat node`. An EVM that shares no code with the first.
module.exports = {
  networks: { hardhat: { chainId: 31338 } },
};
