fn main() {
    let db = firn::Db::in_memory().unwrap();
    let pinned = db.multi_pin(["k"]).unwrap();
    drop(db);
    println!("{pinned:?}");
}
