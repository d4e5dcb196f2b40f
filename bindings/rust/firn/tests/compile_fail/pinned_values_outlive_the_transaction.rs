fn main() {
    let db = firn::Db::in_memory().unwrap();
    let txn = db.txn().unwrap();
    let pinned = txn.multi_pin(["k"]).unwrap();
    txn.commit().unwrap();
    println!("{pinned:?}");
}
