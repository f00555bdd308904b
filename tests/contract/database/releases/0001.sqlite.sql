CREATE TABLE accounts (
	tenant_id TEXT NOT NULL,
	available BIGINT NOT NULL,
	held BIGINT NOT NULL,
	spent BIGINT NOT NULL,
	granted BIGINT NOT NULL,
	CONSTRAINT pk_accounts PRIMARY KEY (tenant_id),
	CONSTRAINT fk_accounts_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT ck_accounts_available_not_negative CHECK (available >= 0),
	CONSTRAINT ck_accounts_held_not_negative CHECK (held >= 0)
);
INSERT INTO "accounts" VALUES('tenant_01k76000000000000000000001',65,10,25,100);
INSERT INTO "accounts" VALUES('tenant_02',0,0,0,0);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE api_keys (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	prefix TEXT NOT NULL,
	scopes JSON NOT NULL,
	client_id TEXT NOT NULL,
	created_at DOUBLE NOT NULL,
	expires_at DOUBLE,
	revoked_at DOUBLE,
	last_used_at DOUBLE,
	key_hash TEXT NOT NULL,
	client_secret_hash TEXT NOT NULL,
	CONSTRAINT pk_api_keys PRIMARY KEY (id),
	CONSTRAINT fk_api_keys_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT uq_api_keys_client_id UNIQUE (client_id),
	CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash)
);
INSERT INTO "api_keys" VALUES('key_01','tenant_01k76000000000000000000001','ci','pk_abcd','["swaps:read"]','client-1',1760000000.0,NULL,NULL,NULL,'abababababababababababababababababababababababababababababababab','cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd');
CREATE TABLE assets (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	role TEXT NOT NULL,
	state TEXT NOT NULL,
	blob_key TEXT NOT NULL,
	content_type TEXT NOT NULL,
	filename TEXT,
	size_bytes BIGINT,
	sha256 TEXT,
	facts JSON,
	refusal JSON,
	task_id TEXT,
	created_at DOUBLE NOT NULL,
	expires_at DOUBLE,
	deleted_at DOUBLE,
	CONSTRAINT pk_assets PRIMARY KEY (id),
	CONSTRAINT fk_assets_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
INSERT INTO "assets" VALUES('asset_01','tenant_01k76000000000000000000001','upload','ready','t/1','image/png','50% off; ünï.png',123,'abababababababababababababababababababababababababababababababab','{"kind": "picture", "content_type": "image/png", "width": 640, "height": 480, "duration_s": null, "frames": null, "fps": null, "codec": null, "rotation": null, "audio_streams": 0}',NULL,NULL,1760000000.0,NULL,NULL);
CREATE TABLE audit (
	id INTEGER NOT NULL,
	tenant_id TEXT,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	subject TEXT NOT NULL,
	detail JSON NOT NULL,
	at DOUBLE NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'tenant_01k76000000000000000000001','admin','create','key_01','{"n": 1}',1760000000.0);
CREATE TABLE chunks (
	task_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	number INTEGER NOT NULL,
	state TEXT NOT NULL,
	blob_key TEXT,
	facts JSON,
	updated_at DOUBLE NOT NULL,
	CONSTRAINT pk_chunks PRIMARY KEY (task_id, kind, number)
);
INSERT INTO "chunks" VALUES('task_02','render',0,'done','k','{"frames": 24}',1760000000.0);
CREATE TABLE deliveries (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	endpoint_id TEXT,
	task_id TEXT,
	event_id TEXT NOT NULL,
	event_type TEXT NOT NULL,
	url TEXT NOT NULL,
	scheme TEXT NOT NULL,
	secret TEXT NOT NULL,
	body JSON NOT NULL,
	headers JSON NOT NULL,
	status TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	last_status INTEGER,
	last_error TEXT,
	next_attempt_at DOUBLE,
	created_at DOUBLE NOT NULL,
	delivered_at DOUBLE,
	CONSTRAINT pk_deliveries PRIMARY KEY (id),
	CONSTRAINT fk_deliveries_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
INSERT INTO "deliveries" VALUES('dlv_01','tenant_01k76000000000000000000001','hook_01','task_01','evt_01','task.succeeded','https://x.test','standard','whsec_x','{"id": 1}','{"x-a": "b"}','pending',1,503,'busy',1760000008.0,1760000000.0,NULL);
CREATE TABLE delivery_attempts (
	delivery_id TEXT NOT NULL,
	number INTEGER NOT NULL,
	at DOUBLE NOT NULL,
	status INTEGER,
	error TEXT,
	took_s DOUBLE NOT NULL,
	CONSTRAINT pk_delivery_attempts PRIMARY KEY (delivery_id, number),
	CONSTRAINT fk_delivery_attempts_delivery_id FOREIGN KEY(delivery_id) REFERENCES deliveries (id)
);
INSERT INTO "delivery_attempts" VALUES('dlv_01',1,1760000003.0,503,'busy',0.25);
CREATE TABLE executors (
	id TEXT NOT NULL,
	kind TEXT NOT NULL,
	host TEXT NOT NULL,
	pid INTEGER NOT NULL,
	started_at DOUBLE NOT NULL,
	beat_at DOUBLE NOT NULL,
	CONSTRAINT pk_executors PRIMARY KEY (id)
);
INSERT INTO "executors" VALUES('w1','worker','h',1,1760000000.0,1760000000.0);
CREATE TABLE faces (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	asset_ids JSON NOT NULL,
	created_at DOUBLE NOT NULL,
	deleted_at DOUBLE,
	CONSTRAINT pk_faces PRIMARY KEY (id),
	CONSTRAINT fk_faces_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
INSERT INTO "faces" VALUES('face_01','tenant_01k76000000000000000000001','Grace','["asset_01"]',1760000000.0,NULL);
CREATE TABLE idempotency (
	tenant_id TEXT NOT NULL,
	"key" TEXT NOT NULL,
	request_hash TEXT NOT NULL,
	resource_id TEXT NOT NULL,
	created_at DOUBLE NOT NULL,
	CONSTRAINT pk_idempotency PRIMARY KEY (tenant_id, "key"),
	CONSTRAINT fk_idempotency_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
INSERT INTO "idempotency" VALUES('tenant_01k76000000000000000000001','again','efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef','task_01',1760000000.0);
CREATE TABLE ledger_entries (
	id INTEGER NOT NULL,
	tenant_id TEXT NOT NULL,
	"key" TEXT NOT NULL,
	side SMALLINT NOT NULL,
	kind TEXT NOT NULL,
	account TEXT NOT NULL,
	amount BIGINT NOT NULL,
	task_id TEXT,
	note TEXT,
	created_at DOUBLE NOT NULL,
	CONSTRAINT pk_ledger_entries PRIMARY KEY (id),
	CONSTRAINT fk_ledger_entries_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT uq_ledger_entries_tenant_id_key_side UNIQUE (tenant_id, "key", side),
	CONSTRAINT ck_ledger_entries_side_has_its_sign CHECK ((side = 0 AND amount <= 0) OR (side = 1 AND amount >= 0))
);
INSERT INTO "ledger_entries" VALUES(1,'tenant_01k76000000000000000000001','grant:1',0,'grant','granted',-100,NULL,'welcome',1760000000.0);
INSERT INTO "ledger_entries" VALUES(2,'tenant_01k76000000000000000000001','grant:1',1,'grant','available',100,NULL,'welcome',1760000000.0);
INSERT INTO "ledger_entries" VALUES(3,'tenant_01k76000000000000000000001','hold:task_01:0',0,'hold','available',-25,'task_01',NULL,1760000000.0);
INSERT INTO "ledger_entries" VALUES(4,'tenant_01k76000000000000000000001','hold:task_01:0',1,'hold','held',25,'task_01',NULL,1760000000.0);
INSERT INTO "ledger_entries" VALUES(5,'tenant_01k76000000000000000000001','hold:task_02:0',0,'hold','available',-10,'task_02',NULL,1760000000.0);
INSERT INTO "ledger_entries" VALUES(6,'tenant_01k76000000000000000000001','hold:task_02:0',1,'hold','held',10,'task_02',NULL,1760000000.0);
INSERT INTO "ledger_entries" VALUES(7,'tenant_01k76000000000000000000001','close:task_01',0,'settle','held',-25,'task_01',NULL,1760000002.0);
INSERT INTO "ledger_entries" VALUES(8,'tenant_01k76000000000000000000001','close:task_01',1,'settle','spent',25,'task_01',NULL,1760000002.0);
CREATE TABLE tasks (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	status TEXT NOT NULL,
	request JSON NOT NULL,
	priority TEXT NOT NULL,
	credits_held BIGINT NOT NULL,
	credits_charged BIGINT NOT NULL,
	progress JSON NOT NULL,
	result JSON,
	error JSON,
	dialect TEXT NOT NULL,
	dialect_id TEXT,
	callback JSON,
	label TEXT,
	request_id TEXT,
	attempt INTEGER NOT NULL,
	created_at DOUBLE NOT NULL,
	started_at DOUBLE,
	finished_at DOUBLE,
	expires_at DOUBLE,
	deleted_at DOUBLE,
	notes JSON NOT NULL,
	CONSTRAINT pk_tasks PRIMARY KEY (id),
	CONSTRAINT fk_tasks_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT uq_tasks_tenant_id_dialect_dialect_id UNIQUE (tenant_id, dialect, dialect_id),
	CONSTRAINT ck_tasks_status_known CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'canceled'))
);
INSERT INTO "tasks" VALUES('task_01','tenant_01k76000000000000000000001','swap_image','succeeded','{"media": "image", "scene": {"asset_id": null, "url": "https://x.test/\u00e9"}}','normal',25,25,'{"phase": "done", "percent": 100.0, "frames_done": null, "frames_total": null, "fps": null, "remaining_s": 0.0}','{"assets": ["asset_01"], "faces_swapped": 1}',NULL,'crun','c1','{"url": "https://x.test/hook"}','L','req-1',1,1760000000.0,1760000001.0,1760000002.0,NULL,NULL,'["a note"]');
INSERT INTO "tasks" VALUES('task_02','tenant_01k76000000000000000000001','swap_image','queued','{"media": "image", "scene": {"asset_id": null, "url": "https://x.test/\u00e9"}}','normal',10,0,'{"phase": "queued", "percent": 0.0, "frames_done": null, "frames_total": null, "fps": null, "remaining_s": null}',NULL,NULL,'native',NULL,'{"url": "https://x.test/hook"}','L','req-1',0,1760000000.0,NULL,NULL,NULL,NULL,'["a note"]');
CREATE TABLE tenants (
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	created_at DOUBLE NOT NULL,
	suspended_at DOUBLE,
	settings JSON NOT NULL,
	CONSTRAINT pk_tenants PRIMARY KEY (id),
	CONSTRAINT uq_tenants_name UNIQUE (name)
);
INSERT INTO "tenants" VALUES('tenant_01k76000000000000000000001','Ateliér ''Noir''',1760000000.0,NULL,'{"limit": 3}');
INSERT INTO "tenants" VALUES('tenant_02','Other',1760000000.0,1760000000.0,'{"limit": 3}');
CREATE TABLE webhook_endpoints (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	url TEXT NOT NULL,
	secret TEXT NOT NULL,
	events JSON NOT NULL,
	enabled BOOLEAN NOT NULL,
	created_at DOUBLE NOT NULL,
	CONSTRAINT pk_webhook_endpoints PRIMARY KEY (id),
	CONSTRAINT fk_webhook_endpoints_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
INSERT INTO "webhook_endpoints" VALUES('hook_01','tenant_01k76000000000000000000001','https://x.test','whsec_x','["task.failed"]',1,1760000000.0);
CREATE INDEX ix_api_keys_tenant_id_id ON api_keys (tenant_id, id);
CREATE INDEX ix_audit_tenant_id_id ON audit (tenant_id, id);
CREATE INDEX ix_ledger_entries_tenant_id_id ON ledger_entries (tenant_id, id);
CREATE INDEX ix_ledger_entries_tenant_id_account_created_at ON ledger_entries (tenant_id, account, created_at);
CREATE INDEX ix_ledger_entries_task_id ON ledger_entries (task_id);
CREATE INDEX ix_assets_tenant_id_id ON assets (tenant_id, id);
CREATE INDEX ix_assets_tenant_id_sha256 ON assets (tenant_id, sha256);
CREATE INDEX ix_assets_blob_key ON assets (blob_key);
CREATE INDEX ix_assets_task_id ON assets (task_id);
CREATE INDEX ix_assets_deleted_at_expires_at ON assets (deleted_at, expires_at);
CREATE INDEX ix_faces_tenant_id_id ON faces (tenant_id, id);
CREATE INDEX ix_tasks_tenant_id_id ON tasks (tenant_id, id);
CREATE INDEX ix_tasks_tenant_id_status ON tasks (tenant_id, status);
CREATE INDEX ix_tasks_tenant_id_finished_at ON tasks (tenant_id, finished_at);
CREATE INDEX ix_tasks_status_kind_created_at ON tasks (status, kind, created_at);
CREATE INDEX ix_tasks_deleted_at_expires_at ON tasks (deleted_at, expires_at);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX ix_webhook_endpoints_tenant_id_id ON webhook_endpoints (tenant_id, id);
CREATE INDEX ix_deliveries_tenant_id_id ON deliveries (tenant_id, id);
CREATE INDEX ix_deliveries_tenant_id_endpoint_id_id ON deliveries (tenant_id, endpoint_id, id);
CREATE INDEX ix_deliveries_status_next_attempt_at ON deliveries (status, next_attempt_at);
CREATE INDEX ix_executors_beat_at ON executors (beat_at);
