fn main() {
    let db = firn::Db::in_memory().unwrap();
    let txn = db.txn().unwrap();
    drop(db);
    txn.commit().unwrap();
}
