//! Redis' strings: those that it lends, and those that belong to us.

use redis_module::{RedisString, raw};
use std::ops::Deref;
use std::ptr;

/// An argument of the running command, lent by Redis until the command has ended.
#[repr(transparent)]
pub struct Arg(pub(super) *mut raw::RedisModuleString);

impl Deref for Arg {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        RedisString::string_as_slice(self.0)
    }
}

/// A string that belongs to no context and is freed on drop.
#[repr(transparent)]
pub struct OwnedString(pub(super) *mut raw::RedisModuleString);

impl OwnedString {
    /// Copies these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(new_string(bytes))
    }
}

impl Deref for OwnedString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        RedisString::string_as_slice(self.0)
    }
}

impl Drop for OwnedString {
    fn drop(&mut self) {
        free_string(self.0);
    }
}

/// Creates a string that the caller must free.
pub(super) fn new_string(text: &[u8]) -> *mut raw::RedisModuleString {
    // SAFETY: Redis copies the text; without a context nothing else frees the string.
    unsafe {
        raw::RedisModule_CreateString
            .map_or(ptr::null_mut(), |create| create(ptr::null_mut(), text.as_ptr().cast(), text.len()))
    }
}

/// Frees a string of [`new_string`], unless it is null.
pub(super) fn free_string(string: *mut raw::RedisModuleString) {
    if !string.is_null() {
        // SAFETY: a string made by `new_string`, taken out of its place, so that no other reference exists.
        unsafe { raw::RedisModule_FreeString.map(|free| free(ptr::null_mut(), string)) };
    }
}
