// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

/// Makes a transfer and returns true, but writes no log: only the balances show it.
contract Silent {
    uint8 public constant decimals = 6;
    mapping(address => uint256) public balanceOf;

    constructor(uint256 supply) {
        balanceOf[msg.sender] = supply;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        return true;
    }
}
