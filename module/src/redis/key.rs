//! The open hash.

use super::args::{Arg, OwnedString};
use super::guard::{OK, guarded};
use redis_module::{Context, RedisString, raw};
use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr;

/// The type of a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Nothing.
    Missing,
    /// A hash.
    Hash,
    /// Something else.
    Other,
}

/// An open key. While it is open, nothing else may change it: no inner command, since even a reading one may delete
/// expired data, and no notification, since another module could answer it with a write.
pub struct HashKey(*mut raw::RedisModuleKey);

impl HashKey {
    /// Opens a key, for reading or for reading and writing.
    pub fn open(ctx: &Context, name: &Arg, mode: raw::KeyMode) -> Self {
        Self(raw::open_key(ctx.ctx, name.0, mode))
    }

    /// Takes a key that Redis has opened, and closes: it must not be dropped.
    pub(super) fn lent(key: *mut raw::RedisModuleKey) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(key))
    }

    /// Returns the type of its value.
    pub fn kind(&self) -> KeyKind {
        // SAFETY: the key is open, or null, which Redis takes for a missing key.
        let kind = unsafe { raw::RedisModule_KeyType.map(|kind| kind(self.0)) };
        match kind.map(|kind| kind as isize) {
            Some(raw::REDISMODULE_KEYTYPE_EMPTY) => KeyKind::Missing,
            Some(raw::REDISMODULE_KEYTYPE_HASH) => KeyKind::Hash,
            _ => KeyKind::Other,
        }
    }

    /// Returns the number of fields.
    pub fn len(&self) -> usize {
        // SAFETY: as in `kind`.
        unsafe { raw::RedisModule_ValueLength.map_or(0, |length| length(self.0)) }
    }

    /// Returns when it expires, in Unix ms.
    pub fn expires_at(&self) -> Option<u64> {
        // SAFETY: as in `kind`.
        let at = unsafe { raw::RedisModule_GetAbsExpire.map(|get| get(self.0)) };
        at.and_then(|at| u64::try_from(at).ok())
    }

    /// Returns the value of a field.
    pub fn get(&self, field: &OwnedString) -> Option<OwnedString> {
        let mut value: *mut raw::RedisModuleString = ptr::null_mut();
        // SAFETY: the key is an open hash; the arguments are a field, a place for the value, and the null that ends the
        // list.
        let status = unsafe {
            raw::RedisModule_HashGet?(
                self.0,
                raw::REDISMODULE_HASH_NONE as c_int,
                field.0,
                &raw mut value,
                ptr::null::<raw::RedisModuleString>(),
            )
        };
        (status == OK && !value.is_null()).then(|| OwnedString(value))
    }

    /// Sets a field of a hash, or of a key that holds nothing yet; `false` if Redis refuses it.
    pub fn set(&self, field: &OwnedString, value: &OwnedString) -> bool {
        self.change(field, value.0) == 1
    }

    /// Removes a field; `false` if there was none. The last field takes the hash with it.
    pub fn delete(&self, field: &OwnedString) -> bool {
        self.change(field, raw::REDISMODULE_HASH_DELETE.cast_mut()) == 1
    }

    /// Sets or removes a field, and returns the number of fields that changed.
    fn change(&self, field: &OwnedString, value: *mut raw::RedisModuleString) -> c_int {
        let count_all = raw::REDISMODULE_HASH_COUNT_ALL as c_int;
        // SAFETY: the key is open for writing and holds a hash or nothing; the arguments are a field, a value or the
        // mark for its removal, and the null that ends the list. Redis copies both strings.
        unsafe {
            raw::RedisModule_HashSet.map_or(0, |set| {
                set(self.0, count_all, field.0, value, ptr::null::<raw::RedisModuleString>())
            })
        }
    }

    /// Sets when the key expires, in Unix ms; `false` if there is no key.
    pub fn set_expiry(&self, at: u64) -> bool {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        // SAFETY: the key is open for writing.
        unsafe { raw::RedisModule_SetAbsExpire.is_some_and(|set| set(self.0, at) == OK) }
    }

    /// Removes the key; memory is freed in the background.
    pub fn unlink(&self) -> bool {
        // SAFETY: the key is open for writing.
        unsafe { raw::RedisModule_UnlinkKey.is_some_and(|unlink| unlink(self.0) == OK) }
    }

    /// Calls `visit` with each field and its value, until it returns `false`.
    pub fn each<F: FnMut(&[u8], &[u8]) -> bool>(&self, visit: F) {
        let mut visitor = Visitor { visit, goes_on: true };
        // SAFETY: the cursor is made, used and destroyed here; the callback gets `visitor` back as its last argument
        // and is not called after the scan returns.
        unsafe {
            let (Some(create), Some(scan), Some(destroy)) = (
                raw::RedisModule_ScanCursorCreate,
                raw::RedisModule_ScanKey,
                raw::RedisModule_ScanCursorDestroy,
            ) else {
                return;
            };
            let cursor = create();
            while visitor.goes_on && scan(self.0, cursor, Some(on_field::<F>), (&raw mut visitor).cast()) != 0
            {
            }
            destroy(cursor);
        }
    }
}

struct Visitor<F> {
    visit: F,
    goes_on: bool,
}

unsafe extern "C" fn on_field<F: FnMut(&[u8], &[u8]) -> bool>(
    _key: *mut raw::RedisModuleKey,
    field: *mut raw::RedisModuleString,
    value: *mut raw::RedisModuleString,
    visitor: *mut c_void,
) {
    // SAFETY: it is the visitor that `each` passed in and keeps alive; nothing else uses it meanwhile.
    let visitor = unsafe { &mut *visitor.cast::<Visitor<F>>() };
    if visitor.goes_on {
        let (field, value) = (RedisString::string_as_slice(field), RedisString::string_as_slice(value));
        visitor.goes_on = guarded(|| (visitor.visit)(field, value)).unwrap_or(false);
    }
}

impl Drop for HashKey {
    fn drop(&mut self) {
        if !self.0.is_null() {
            raw::close_key(self.0);
        }
    }
}
