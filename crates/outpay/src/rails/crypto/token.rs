//! The part of ERC-20 that a payment needs. The return value of `transfer` is ignored, as some tokens return nothing: only
//! the log counts.

#![allow(missing_docs, reason = "the macro's types have none")]

alloy_sol_types::sol! {
    interface Token {
        function transfer(address to, uint256 amount) external;
        function balanceOf(address owner) external view returns (uint256);
        function decimals() external view returns (uint8);
        event Transfer(address indexed from, address indexed to, uint256 value);
    }
}
