fn main() {
    let db = firn::Db::in_memory().unwrap();
    let mut iter = db.iter();
    let first = iter.next_entry().unwrap();
    let second = iter.next_entry().unwrap();
    println!("{first:?} {second:?}");
}
