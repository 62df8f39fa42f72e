//! Feeds libFuzzer's inputs to [`hallpass_fuzz::refresh_token`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hallpass_fuzz::refresh_token(data));
