fn main() {
    let db = firn::Db::in_memory().unwrap();
    let pinned = db.get_pinned("k").unwrap();
    drop(db);
    println!("{pinned:?}");
}
