// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// An ordinary token with 6 decimals, as the large stablecoins have.
contract SixDecimals is ERC20 {
    constructor(uint256 supply) ERC20("Six decimals", "SIX") {
        _mint(msg.sender, supply);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
