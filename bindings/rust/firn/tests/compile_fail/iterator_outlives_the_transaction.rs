fn main() {
    let db = firn::Db::in_memory().unwrap();
    let txn = db.txn().unwrap();
    let mut iter = txn.iter();
    txn.commit().unwrap();
    iter.next();
}
