//! Many reads in one call.

use std::ops::Range;

use firn_sys as sys;

use crate::db::Db;
use crate::error::{Error, Result};
use crate::fill::fill_new;
use crate::namespace::Namespace;

/// The answers of [`multi_get`](Namespace::multi_get), in the order of the keys, in one piece of memory.
#[derive(Clone, Debug)]
pub struct Values {
    packed: Vec<u8>,
    places: Vec<Option<Range<usize>>>,
}

impl Values {
    /// (i64 length_or_code, bytes)*
    pub(crate) fn parse(packed: Vec<u8>) -> Result<Self> {
        let cut = || Error::new(sys::FIRN_INTERNAL, "the engine's answer to multi_get is malformed");
        let mut places = Vec::new();
        let mut at = 0;
        while let Some(head) = packed.get(at..at + 8) {
            let answer = i64::from_le_bytes(head.try_into().map_err(|_| cut())?);
            at += 8;
            places.push(match usize::try_from(answer) {
                Ok(length) => {
                    let place = at..at.checked_add(length).ok_or_else(cut)?;
                    at = place.end;
                    Some(place)
                }
                Err(_) if answer == i64::from(sys::FIRN_NOT_FOUND) => None,
                Err(_) => return Err(Error::from_code(answer)),
            });
        }
        if at == packed.len() { Ok(Self { packed, places }) } else { Err(cut()) }
    }

    /// How many keys were asked for.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none were.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The value of the key at `index`; `None` when it was absent, or when there was no such key.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.places.get(index)?.clone().map(|place| &self.packed[place])
    }

    /// All values, in the order of the keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> + DoubleEndedIterator + '_ {
        self.places.iter().map(|place| place.clone().map(|place| &self.packed[place]))
    }

    /// The same as vectors.
    pub fn to_vecs(&self) -> Vec<Option<Vec<u8>>> {
        self.iter().map(|value| value.map(<[u8]>::to_vec)).collect()
    }
}

/// Keys to be looked up: (u32 ns, u32 key_len, key)*
#[derive(Default)]
pub(crate) struct PackedKeys {
    pub(crate) bytes: Vec<u8>,
    pub(crate) count: usize,
}

impl PackedKeys {
    fn push(&mut self, ns: u32, key: &[u8]) -> Result<()> {
        let length = u32::try_from(key.len()).map_err(|_| Error::from_code(i64::from(sys::FIRN_TOO_LARGE)))?;
        self.bytes.extend_from_slice(&ns.to_le_bytes());
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(key);
        self.count += 1;
        Ok(())
    }
}

/// Keys of one namespace.
pub(crate) fn pack_keys<K: AsRef<[u8]>>(ns: u32, keys: impl IntoIterator<Item = K>) -> Result<PackedKeys> {
    let mut packed = PackedKeys::default();
    keys.into_iter().try_for_each(|key| packed.push(ns, key.as_ref()))?;
    Ok(packed)
}

/// The same over namespaces of the database `id`.
pub(crate) fn pack_requests<'n, K: AsRef<[u8]>>(
    database: u64,
    requests: impl IntoIterator<Item = (&'n Namespace, K)>,
) -> Result<PackedKeys> {
    let mut packed = PackedKeys::default();
    requests.into_iter().try_for_each(|(namespace, key)| packed.push(namespace.id_in(database)?, key.as_ref()))?;
    Ok(packed)
}

impl Namespace {
    /// Many values, of one state of the database, in one call. [`multi_pin`](Self::multi_pin) spares the copies.
    ///
    /// ```
    /// # fn main() -> firn::Result<()> {
    /// # let db = firn::Db::in_memory()?;
    /// db.put("a", "1")?;
    /// let values = db.multi_get(["a", "b"])?;
    /// assert_eq!(values.iter().collect::<Vec<_>>(), [Some(&b"1"[..]), None]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn multi_get<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<Values> {
        self.multi_get_packed(&pack_keys(self.id(), keys)?)
    }

    pub(crate) fn multi_get_packed(&self, keys: &PackedKeys) -> Result<Values> {
        let (handle, packed) = (self.handle(), &keys.bytes);
        // SAFETY: `packed` outlives the call; the engine writes at most `capacity` bytes at `to`, and all of the length that it returns if that fits.
        let answers = unsafe { fill_new(|to, capacity| sys::firn_multi_get(handle, packed.as_ptr(), packed.len(), to, capacity)) };
        self.explain(answers.and_then(|answers| Values::parse(answers.unwrap_or_default())))
    }
}

impl Db {
    /// Many values, of one state of the database, from several namespaces, in one call.
    pub fn multi_get_from<'n, K: AsRef<[u8]>>(&self, requests: impl IntoIterator<Item = (&'n Namespace, K)>) -> Result<Values> {
        self.multi_get_packed(&pack_requests(self.inner().id(), requests)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_cut_short_are_refused() {
        let mut packed = 3i64.to_le_bytes().to_vec();
        packed.extend_from_slice(b"abc");
        assert_eq!(Values::parse(packed.clone()).unwrap().get(0), Some(&b"abc"[..]));
        packed.pop();
        assert!(Values::parse(packed.clone()).is_err());
        packed.truncate(5);
        assert!(Values::parse(packed).is_err());
        assert!(Values::parse(Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn a_code_of_one_key_is_an_error_of_all() {
        let mut packed = i64::from(sys::FIRN_NOT_FOUND).to_le_bytes().to_vec();
        assert_eq!(Values::parse(packed.clone()).unwrap().to_vecs(), [None]);
        packed.extend_from_slice(&i64::from(sys::FIRN_CORRUPT).to_le_bytes());
        assert_eq!(Values::parse(packed).unwrap_err().code(), sys::FIRN_CORRUPT);
    }
}
