//! Ranges as the engine takes them: the lower bound inclusive, the upper one exclusive.

use std::ops::{Bound, RangeBounds};

/// The longest key.
const KEY_BYTES_MAX: usize = 65_535;

/// Both bounds in one piece of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The lower bound (empty: none), behind it the upper one.
    bytes: Vec<u8>,
    lower_len: usize,
    has_upper: bool,
}

impl Bounds {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self { bytes: Vec::new(), lower_len: 0, has_upper: false }
    }

    /// `None`: no key can be inside.
    pub(crate) fn of_range<K: AsRef<[u8]>>(range: &impl RangeBounds<K>) -> Option<Self> {
        let (start, end) = (range.start_bound().map(K::as_ref), range.end_bound().map(K::as_ref));
        let length = |bound: Bound<&[u8]>| match bound {
            Bound::Included(key) | Bound::Excluded(key) => key.len() + 1,
            Bound::Unbounded => 0,
        };
        let mut bytes = Vec::with_capacity(length(start) + length(end));
        match start {
            Bound::Included(key) => bytes.extend_from_slice(key),
            Bound::Excluded(key) if !push_successor(&mut bytes, key) => return None,
            _ => {}
        }
        let lower_len = bytes.len();
        let has_upper = match end {
            Bound::Excluded(key) => {
                bytes.extend_from_slice(key);
                true
            }
            Bound::Included(key) => push_successor(&mut bytes, key),
            Bound::Unbounded => false,
        };
        let bounds = Self { bytes, lower_len, has_upper };
        let is_empty = bounds.upper().is_some_and(|upper| upper.is_empty() || upper <= bounds.lower());
        (!is_empty).then_some(bounds)
    }

    /// All keys that begin with `prefix`.
    pub(crate) fn of_prefix(prefix: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(2 * prefix.len());
        bytes.extend_from_slice(prefix);
        let has_upper = push_end_of_prefix(&mut bytes, prefix);
        Self { bytes, lower_len: prefix.len(), has_upper }
    }

    /// What lies in both. `None`: no key can.
    pub(crate) fn intersect(&self, other: &Self) -> Option<Self> {
        let lower = self.lower().max(other.lower());
        let upper = match (self.upper(), other.upper()) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        if upper.is_some_and(|upper| upper <= lower) {
            return None;
        }
        let bytes = [lower, upper.unwrap_or_default()].concat();
        Some(Self { bytes, lower_len: lower.len(), has_upper: upper.is_some() })
    }

    /// Inclusive; empty: no bound.
    pub(crate) fn lower(&self) -> &[u8] {
        &self.bytes[..self.lower_len]
    }

    /// Exclusive.
    pub(crate) fn upper(&self) -> Option<&[u8]> {
        self.has_upper.then(|| &self.bytes[self.lower_len..])
    }
}

/// Appends the smallest key above `key`; false: there is none.
fn push_successor(bytes: &mut Vec<u8>, key: &[u8]) -> bool {
    if key.len() == KEY_BYTES_MAX {
        return push_end_of_prefix(bytes, key); // nothing can be behind its last byte
    }
    bytes.extend_from_slice(key);
    bytes.push(0);
    true
}

/// Appends the smallest key above all that begin with `prefix`; false: there is none.
fn push_end_of_prefix(bytes: &mut Vec<u8>, prefix: &[u8]) -> bool {
    let Some(last) = prefix.iter().rposition(|&byte| byte != 0xff) else { return false };
    bytes.extend_from_slice(&prefix[..last]);
    bytes.push(prefix[last] + 1);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    type Ends<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

    #[track_caller]
    fn expect(range: Ends<'_>, lower: &[u8], upper: Option<&[u8]>) {
        let bounds = Bounds::of_range::<&[u8]>(&range).expect("not empty");
        assert_eq!((bounds.lower(), bounds.upper()), (lower, upper));
    }

    #[test]
    fn ranges_become_half_open() {
        use Bound::{Excluded, Included, Unbounded};
        expect((Included(b"a"), Excluded(b"b")), b"a", Some(b"b"));
        expect((Excluded(b"a"), Included(b"b")), b"a\0", Some(b"b\0"));
        expect((Unbounded, Included(b"b")), b"", Some(b"b\0"));
        expect((Included(b"a"), Unbounded), b"a", None);
        expect((Unbounded, Unbounded), b"", None);
    }

    #[test]
    fn ranges_without_a_key_are_recognized() {
        use Bound::{Excluded, Included, Unbounded};
        let empty: [Ends<'_>; 4] = [
            (Included(b"b"), Excluded(b"a")),
            (Included(b"a"), Excluded(b"a")),
            (Excluded(b"a"), Excluded(b"a\0")),
            (Unbounded, Excluded(b"")),
        ];
        for range in empty {
            assert_eq!(Bounds::of_range::<&[u8]>(&range), None, "{range:?}");
        }
    }

    #[test]
    fn the_longest_keys_have_successors_that_are_no_longer() {
        use Bound::{Excluded, Included, Unbounded};
        let mut key = vec![b'k'; KEY_BYTES_MAX];
        let mut next = key.clone();
        *next.last_mut().unwrap() += 1;
        expect((Included(b"k"), Included(&key)), b"k", Some(&next));
        expect((Excluded(&key), Unbounded), &next, None);
        key.fill(0xff);
        assert_eq!(Bounds::of_range::<&[u8]>(&(Excluded(&key[..]), Unbounded)), None);
        expect((Unbounded, Included(&key)), b"", None);
    }

    #[test]
    fn an_intersection_is_what_lies_in_both() {
        let of = |range: Ends<'_>| Bounds::of_range::<&[u8]>(&range).unwrap();
        let (low, high) = (of((Bound::Unbounded, Bound::Excluded(b"m"))), of((Bound::Included(b"c"), Bound::Unbounded)));
        let both = low.intersect(&high).unwrap();
        assert_eq!((both.lower(), both.upper()), (&b"c"[..], Some(&b"m"[..])));
        assert_eq!(Bounds::all().intersect(&both), Some(both.clone()));
        assert_eq!(Bounds::of_prefix(b"d").intersect(&both), Some(Bounds::of_prefix(b"d")));
        assert_eq!(Bounds::of_prefix(b"z").intersect(&both), None);
    }

    #[test]
    fn prefixes_end_where_the_next_one_begins() {
        let ends = |prefix: &[u8]| Bounds::of_prefix(prefix).upper().map(<[u8]>::to_vec);
        assert_eq!(ends(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(ends(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(ends(b"\xff\xff"), None);
        assert_eq!(ends(b""), None);
    }
}
