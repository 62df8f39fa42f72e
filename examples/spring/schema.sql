create table account (id varchar(20) primary key, name varchar(50) unique, shown varchar(50), password varchar(50));
create table device (sid varchar(36) primary key, account varchar(20) references account (id), name varchar(100));
insert into account values ('42', 'ada', 'Ada', 'demo');
insert into account values ('43', 'grace', 'Grace', 'demo');
