-- The tables of work.db as the first console made them, and something in each.
CREATE TABLE work_form (
  version INTEGER NOT NULL
);
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
CREATE TABLE docket (
  decision_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  case_id TEXT NOT NULL,
  case_digest TEXT NOT NULL,
  at TEXT NOT NULL,
  outcome TEXT NOT NULL,
  held TEXT NOT NULL,
  rule_id TEXT,
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
CREATE INDEX ix_docket_case_id ON docket (case_id);
CREATE INDEX docket_by_state ON docket (state, severity, seq);
CREATE INDEX docket_by_rule ON docket (rule_id, seq);
CREATE INDEX ix_docket_case_digest ON docket (case_digest);
CREATE TABLE docket_reached (
  id INTEGER NOT NULL,
  seq INTEGER,
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
CREATE INDEX ix_journal_actor ON journal (actor);
CREATE INDEX ix_journal_subject ON journal (subject);
CREATE INDEX ix_journal_at ON journal (at);
CREATE INDEX ix_journal_act ON journal (act);
CREATE TABLE sessions (
  hash TEXT NOT NULL,
  account_id TEXT NOT NULL,
  csrf TEXT NOT NULL,
  begun TEXT NOT NULL,
  last TEXT NOT NULL,
  expires TEXT NOT NULL,
  PRIMARY KEY (hash)
);
CREATE INDEX ix_sessions_account_id ON sessions (account_id);
CREATE TABLE links (
  hash TEXT NOT NULL,
  account_id TEXT NOT NULL,
  expires TEXT NOT NULL,
  PRIMARY KEY (hash)
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
INSERT INTO work_form VALUES (1);
INSERT INTO accounts VALUES
  ('u-1', 'dana', 'Dana', '["moderator"]', 'hash', NULL, 1, '{"blur": 4}', '2026-11-01T00:00:00.000000+00:00'),
  ('u-2', 'root', 'Root', '["admin"]', NULL, 'subject-2', 1, '{}', '2026-11-01T00:00:00.000000+00:00');
INSERT INTO docket VALUES
  ('d-0000000000000001', 1, 'one', 'digest-1', '2026-11-01T00:00:00+00:00', 'act', 'act', 'HR2', 70, 'high', 0.9,
   'ranker', '', 'post', 'en', NULL, 'community 1.0.0', 0, NULL, NULL, 'settled', 1, 'i will hurt you', NULL),
  ('d-0000000000000002', 2, 'two', 'digest-2', '2026-11-01T00:01:00+00:00', 'review', 'act', 'HR1', 55, 'medium', 0.5,
   'person', 'ambiguous', 'comment', 'de', 'R1', 'community 1.0.0', 1, 'u-1', '2026-11-01T00:02:00+00:00', 'escalated',
   3, 'doubtful words', x'00ff');
INSERT INTO docket_reached VALUES (1, 3);
INSERT INTO journal VALUES (1, '2026-11-01T00:02:00.000000+00:00', 'u-1', 'case.decide', 'd-0000000000000002', '{}');
INSERT INTO sessions VALUES
  ('secret-hash', 'u-1', 'csrf', '2026-11-01T00:00:00.000000+00:00', '2026-11-01T00:00:00.000000+00:00',
   '2026-11-01T12:00:00.000000+00:00');
INSERT INTO links VALUES ('link-hash', 'u-2', '2026-11-01T00:15:00.000000+00:00');
INSERT INTO api_keys VALUES
  ('pk-abcdef', 'key-hash', 'forum', '["moderate", "read"]', '2026-11-01T00:00:00.000000+00:00', NULL);
