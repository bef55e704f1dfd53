#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| mcp_tether_fuzz::budget(input));

#[cfg(not(fuzzing))]
fn main() {}
