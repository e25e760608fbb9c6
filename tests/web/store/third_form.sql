-- The tables of work.db in its third form, before it knew who published what, and something in some of them.
CREATE TABLE accounts (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	roles TEXT NOT NULL, 
	password TEXT, 
	subject TEXT, 
	active INTEGER NOT NULL, 
	preferences TEXT NOT NULL, 
	created TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	UNIQUE (subject)
);
CREATE TABLE api_keys (
	id TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	name TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	created TEXT NOT NULL, 
	revoked TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (hash)
);
CREATE TABLE appeal_fresh (
	appeal_id TEXT NOT NULL, 
	policy TEXT NOT NULL, 
	body TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (appeal_id, policy)
);
CREATE TABLE appeal_looks (
	appeal_id TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	rule_id TEXT, 
	note TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (appeal_id, "by")
);
CREATE TABLE appeal_notices (
	appeal_id TEXT NOT NULL, 
	text TEXT NOT NULL, 
	statement TEXT, 
	state TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (appeal_id)
);
CREATE TABLE appeal_ways (
	id INTEGER NOT NULL, 
	blind INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE appeals (
	id TEXT NOT NULL, 
	decision_id TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	outside_id TEXT, 
	filed TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	appellant TEXT, 
	statement TEXT NOT NULL, 
	extra TEXT NOT NULL, 
	item TEXT NOT NULL, 
	country TEXT, 
	outcome TEXT NOT NULL, 
	rule_id TEXT, 
	severity INTEGER, 
	tier TEXT NOT NULL, 
	policy TEXT NOT NULL, 
	state TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	ruling TEXT, 
	decided TEXT, 
	decider TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (outside_id)
);
CREATE TABLE arrivals (
	hash TEXT NOT NULL, 
	nonce TEXT NOT NULL, 
	verifier TEXT NOT NULL, 
	"to" TEXT NOT NULL, 
	expires TEXT NOT NULL, 
	PRIMARY KEY (hash)
);
CREATE TABLE claims (
	decision_id TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	expires TEXT NOT NULL, 
	PRIMARY KEY (decision_id)
);
CREATE TABLE docket (
	decision_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	case_id TEXT NOT NULL, 
	case_digest TEXT NOT NULL, 
	at TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	held TEXT NOT NULL, 
	rule_id TEXT, 
	first_rule TEXT, 
	severity INTEGER NOT NULL, 
	tier TEXT NOT NULL, 
	score FLOAT NOT NULL, 
	stage TEXT NOT NULL, 
	causes TEXT NOT NULL, 
	surface TEXT NOT NULL, 
	locale TEXT NOT NULL, 
	profile TEXT, 
	policy TEXT NOT NULL, 
	media INTEGER NOT NULL, 
	"by" TEXT, 
	edited TEXT, 
	state TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	words TEXT NOT NULL, 
	vector BLOB, 
	PRIMARY KEY (decision_id), 
	UNIQUE (seq)
);
INSERT INTO "docket" VALUES('d-0000000000000001',1,'c1','0000000000000000000000000000000000000000000000000000000000000000','2026-11-21T10:00:00+00:00','act','act','HR2','HR2',62,'high',0.9,'ranker','','chat','en',NULL,'community 1.0.0',0,NULL,NULL,'settled',1,'line 1',NULL);
INSERT INTO "docket" VALUES('d-0000000000000002',2,'c2','0000000000000000000000000000000000000000000000000000000000000000','2026-11-22T10:00:00+00:00','act','act','HR2','HR2',62,'high',0.9,'ranker','','chat','en',NULL,'community 1.0.0',0,NULL,NULL,'settled',1,'line 2',NULL);
CREATE TABLE docket_reached (
	id INTEGER NOT NULL, 
	seq INTEGER, 
	PRIMARY KEY (id)
);
INSERT INTO "docket_reached" VALUES(1,2);
CREATE TABLE drafts (
	id TEXT NOT NULL, 
	pack_id TEXT NOT NULL, 
	base_version TEXT, 
	base_digest TEXT, 
	state TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	authors TEXT NOT NULL, 
	about TEXT NOT NULL, 
	reviewer TEXT, 
	reason TEXT, 
	published TEXT, 
	created TEXT NOT NULL, 
	changed TEXT NOT NULL, 
	files TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE gold (
	case_digest TEXT NOT NULL, 
	pack_id TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	rule_id TEXT, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	source TEXT NOT NULL, 
	PRIMARY KEY (case_digest, pack_id)
);
CREATE TABLE hook_deliveries (
	id TEXT NOT NULL, 
	hook TEXT NOT NULL, 
	event TEXT NOT NULL, 
	type TEXT NOT NULL, 
	body TEXT NOT NULL, 
	state TEXT NOT NULL, 
	tries INTEGER NOT NULL, 
	status INTEGER, 
	error TEXT, 
	at TEXT NOT NULL, 
	due TEXT NOT NULL, 
	ended TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (hook, event)
);
CREATE TABLE hook_places (
	id INTEGER NOT NULL, 
	reached INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE hooks (
	id TEXT NOT NULL, 
	url TEXT NOT NULL, 
	secret TEXT NOT NULL, 
	events TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	created TEXT NOT NULL, 
	removed TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE idempotency (
	actor TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	body TEXT NOT NULL, 
	status INTEGER, 
	answer TEXT, 
	at TEXT NOT NULL, 
	PRIMARY KEY (actor, "key")
);
CREATE TABLE jobs (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	state TEXT NOT NULL, 
	done INTEGER NOT NULL, 
	total INTEGER NOT NULL, 
	result TEXT, 
	error TEXT, 
	at TEXT NOT NULL, 
	ended TEXT, 
	beat TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE journal (
	seq INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	act TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "journal" VALUES(1,'2026-11-28T18:20:03.384335+00:00','u-2','case.read','d-0000000000000001','{"blind": "yes"}');
CREATE TABLE links (
	hash TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	expires TEXT NOT NULL, 
	PRIMARY KEY (hash)
);
CREATE TABLE marks (
	id TEXT NOT NULL, 
	decision_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	first TEXT, 
	second TEXT, 
	second_by TEXT, 
	second_at TEXT, 
	agreed TEXT, 
	closed TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE notes (
	id TEXT NOT NULL, 
	decision_id TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	text TEXT NOT NULL, 
	pinned INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE notice_lines (
	label TEXT NOT NULL, 
	text TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (label)
);
CREATE TABLE precedents (
	edit_id TEXT NOT NULL, 
	decision_id TEXT NOT NULL, 
	rule_id TEXT, 
	violating INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	standing TEXT NOT NULL, 
	approved_by TEXT, 
	approved_at TEXT, 
	PRIMARY KEY (edit_id)
);
CREATE TABLE presence (
	decision_id TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	last TEXT NOT NULL, 
	PRIMARY KEY (decision_id, "by")
);
CREATE TABLE saved_filters (
	id INTEGER NOT NULL, 
	"by" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	"to" TEXT NOT NULL, 
	shared INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "saved_filters" VALUES(1,'u-2','threats','/search?q=rule%3AHR2',1);
CREATE TABLE sessions (
	hash TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	csrf TEXT NOT NULL, 
	begun TEXT NOT NULL, 
	last TEXT NOT NULL, 
	expires TEXT NOT NULL, 
	PRIMARY KEY (hash)
);
CREATE TABLE shadow_flips (
	shadow_id TEXT NOT NULL, 
	decision_id TEXT NOT NULL, 
	changed TEXT NOT NULL, 
	old TEXT NOT NULL, 
	new TEXT NOT NULL, 
	PRIMARY KEY (shadow_id, decision_id)
);
CREATE TABLE shadows (
	id TEXT NOT NULL, 
	draft_id TEXT NOT NULL, 
	draft_version INTEGER NOT NULL, 
	pack TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	state TEXT NOT NULL, 
	error TEXT, 
	seq INTEGER NOT NULL, 
	seen INTEGER NOT NULL, 
	begun TEXT NOT NULL, 
	ended TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE statements (
	uuid TEXT NOT NULL, 
	puid TEXT NOT NULL, 
	decision_id TEXT, 
	body TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (uuid), 
	UNIQUE (puid)
);
CREATE TABLE submission_steps (
	submission TEXT NOT NULL, 
	n INTEGER NOT NULL, 
	node TEXT NOT NULL, 
	seconds FLOAT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (submission, n)
);
CREATE TABLE submissions (
	id TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	state TEXT NOT NULL, 
	decision_id TEXT, 
	error TEXT, 
	at TEXT NOT NULL, 
	body TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	beat TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE uploads (
	name TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE work_form (
	version INTEGER NOT NULL
);
INSERT INTO "work_form" VALUES(3);
CREATE INDEX ix_saved_filters_by ON saved_filters ("by");
CREATE INDEX ix_journal_at ON journal (at);
CREATE INDEX ix_journal_subject ON journal (subject);
CREATE INDEX ix_journal_actor ON journal (actor);
CREATE INDEX ix_journal_act ON journal (act);
CREATE INDEX docket_by_rule ON docket (rule_id, seq);
CREATE INDEX ix_docket_case_digest ON docket (case_digest);
CREATE INDEX docket_by_state ON docket (state, severity, seq);
CREATE INDEX ix_docket_case_id ON docket (case_id);
CREATE INDEX docket_by_severity ON docket (severity, seq);
CREATE INDEX docket_by_time ON docket (state, seq);
CREATE INDEX hook_deliveries_due ON hook_deliveries (state, due);
CREATE INDEX ix_hook_deliveries_hook ON hook_deliveries (hook);
CREATE INDEX appeals_in_order ON appeals (state, filed, id);
CREATE INDEX ix_appeals_decider ON appeals (decider);
CREATE INDEX ix_appeals_state ON appeals (state);
CREATE INDEX ix_appeals_decision_id ON appeals (decision_id);
CREATE INDEX ix_sessions_account_id ON sessions (account_id);
CREATE INDEX ix_claims_by ON claims ("by");
CREATE INDEX ix_drafts_pack_id ON drafts (pack_id);
CREATE INDEX ix_drafts_state ON drafts (state);
CREATE INDEX ix_idempotency_at ON idempotency (at);
CREATE INDEX ix_jobs_subject ON jobs (subject);
CREATE INDEX ix_jobs_state ON jobs (state);
CREATE INDEX ix_jobs_kind ON jobs (kind);
CREATE INDEX ix_jobs_by ON jobs ("by");
CREATE INDEX ix_marks_by ON marks ("by");
CREATE INDEX ix_marks_decision_id ON marks (decision_id);
CREATE INDEX ix_notes_decision_id ON notes (decision_id);
CREATE INDEX ix_precedents_decision_id ON precedents (decision_id);
CREATE INDEX ix_precedents_standing ON precedents (standing);
CREATE INDEX ix_shadows_state ON shadows (state);
CREATE INDEX ix_shadows_draft_id ON shadows (draft_id);
CREATE INDEX ix_statements_decision_id ON statements (decision_id);
CREATE INDEX ix_statements_at ON statements (at);
CREATE INDEX ix_submissions_case_id ON submissions (case_id);
CREATE INDEX ix_uploads_at ON uploads (at);
