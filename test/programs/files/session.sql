create table t(a);
insert into t values(1),(2);
select sum(a) from t;
.schema
select nothing;
.quit
