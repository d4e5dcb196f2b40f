fn main() {
    let db = firn::Db::in_memory().unwrap();
    let snapshot = db.snapshot().unwrap();
    let pinned = snapshot.get_pinned("k").unwrap();
    drop(snapshot);
    println!("{pinned:?}");
}
