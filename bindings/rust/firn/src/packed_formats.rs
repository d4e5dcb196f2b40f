//! Tests of what packs for the engine and of what takes its answers apart, all of it without the engine: whatever the bytes are, nothing outside of them is read,
//! and what was packed is what is found.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use firn_sys as sys;

use crate::append::Append;
use crate::batch::Batch;
use crate::bounds::Bounds;
use crate::changes::Changes;
use crate::multi_get::{PackedKeys, Values, pack_keys};
use crate::namespace::parse_names;
use crate::tail::parse_record;

/// Miri takes a thousand times as long.
fn config() -> ProptestConfig {
    ProptestConfig { cases: if cfg!(miri) { 16 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() }
}

/// Any bytes, and such that lengths in them are often right.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![3 => 0u8..4, 1 => any::<u8>()], 0..120)
}

fn keys() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..8)
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0u8), Just(0xff), any::<u8>()], 0..4)
}

#[test]
fn a_record_that_could_have_no_next_one_is_refused() {
    let answer = |index: u64| [&index.to_le_bytes()[..], &[0; 12]].concat();
    assert_eq!(parse_record(&answer(u64::MAX)), None);
    assert_eq!(parse_record(&answer(u64::MAX - 1)), Some((u64::MAX - 1, SystemTime::UNIX_EPOCH, &[][..])));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_answer_is_taken_apart_or_refused(packed in answers()) {
        if let Some(names) = parse_names(&packed) {
            prop_assert_eq!(names.iter().map(|name| name.len() + 8).sum::<usize>(), packed.len());
        }
        if let Some((_, _, data)) = parse_record(&packed) {
            prop_assert_eq!(data, &packed[20..20 + data.len()]);
        }
        if let Ok(values) = Values::parse(packed.clone()) {
            prop_assert_eq!(values.iter().map(|value| value.map_or(8, |value| value.len() + 8)).sum::<usize>(), packed.len());
        }
        let changes = Changes { packed };
        prop_assert!(changes.iter().count() * 32 <= changes.packed.len());
    }

    #[test]
    fn records_that_were_packed_are_found(records in keys(), index in 0..u64::MAX - 8, time_ms in 0..1u64 << 42) {
        let mut append = Append::new();
        append.extend(&records);
        let mut rest = append.packed().unwrap();
        for (index, record) in (index..).zip(&records) {
            let (length, behind) = rest.split_first_chunk::<4>().unwrap();
            let (data, next) = behind.split_at(u32::from_le_bytes(*length) as usize);
            prop_assert_eq!(data, record);
            let answer = [&index.to_le_bytes()[..], &time_ms.to_le_bytes(), length, data].concat();
            let time = SystemTime::UNIX_EPOCH + Duration::from_millis(time_ms);
            prop_assert_eq!(parse_record(&answer), Some((index, time, data)));
            prop_assert_eq!(parse_record(&answer[..answer.len() - 1]), None);
            rest = next;
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn keys_and_names_that_were_packed_are_found(keys in keys(), ns in any::<u32>()) {
        // The two formats are one: a number, a length, bytes.
        let PackedKeys { bytes: packed, count } = pack_keys(ns, &keys).unwrap();
        prop_assert_eq!(count, keys.len());
        prop_assert_eq!(parse_names(&packed), Some(keys));
        prop_assert!(packed.is_empty() || parse_names(&packed[..packed.len() - 1]).is_none());
    }

    #[test]
    fn operations_that_were_packed_are_found(operations in proptest::collection::vec((keys(), any::<bool>()), 0..6)) {
        let mut batch = Batch::new();
        let mut expected = Vec::new();
        for (keys, is_put) in &operations {
            for key in keys {
                let value: &[u8] = if *is_put { key } else { &[] };
                if *is_put { batch.put(key, value) } else { batch.delete(key) };
                let kind = if *is_put { sys::FIRN_OP_PUT } else { sys::FIRN_OP_DELETE };
                let numbers = [kind, 0, key.len() as u32, value.len() as u32, 0, 0].map(u32::to_le_bytes);
                expected.extend([&numbers.concat()[..], key, value].concat());
            }
        }
        prop_assert_eq!(batch.packed_for(0).unwrap(), &expected[..]);
        batch.clear();
        prop_assert!(batch.is_empty() && batch.packed_for(0).unwrap().is_empty());
    }

    #[test]
    fn bounds_hold_what_the_range_and_the_prefix_hold(low in key(), high in key(), prefix in key(), probe in key()) {
        let holds = |bounds: Option<Bounds>| bounds.is_some_and(|bounds| &probe[..] >= bounds.lower() && bounds.upper().is_none_or(|upper| &probe[..] < upper));
        let inside = |at_low: bool, at_high: bool| (probe > low || (at_low && probe == low)) && (probe < high || (at_high && probe == high));
        use std::ops::Bound::{Excluded, Included};
        prop_assert_eq!(holds(Bounds::of_range::<Vec<u8>>(&(low.clone()..high.clone()))), inside(true, false));
        prop_assert_eq!(holds(Bounds::of_range::<Vec<u8>>(&(Included(low.clone()), Included(high.clone())))), inside(true, true));
        prop_assert_eq!(holds(Bounds::of_range::<Vec<u8>>(&(Excluded(low.clone()), Excluded(high.clone())))), inside(false, false));
        prop_assert_eq!(holds(Some(Bounds::of_prefix(&prefix))), probe.starts_with(&prefix));
        let both = Bounds::of_range::<Vec<u8>>(&(low.clone()..)).and_then(|range| range.intersect(&Bounds::of_prefix(&prefix)));
        prop_assert_eq!(holds(both), probe >= low && probe.starts_with(&prefix));
    }
}
