CREATE TABLE public.accounts (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    available bigint NOT NULL,
    held bigint NOT NULL,
    spent bigint NOT NULL,
    granted bigint NOT NULL,
    CONSTRAINT ck_accounts_available_not_negative CHECK ((available >= 0)),
    CONSTRAINT ck_accounts_held_not_negative CHECK ((held >= 0))
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.api_keys (
    id text NOT NULL COLLATE pg_catalog."C",
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    prefix text NOT NULL,
    scopes json NOT NULL,
    client_id text NOT NULL COLLATE pg_catalog."C",
    created_at double precision NOT NULL,
    expires_at double precision,
    revoked_at double precision,
    last_used_at double precision,
    key_hash text NOT NULL COLLATE pg_catalog."C",
    client_secret_hash text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.assets (
    id text NOT NULL COLLATE pg_catalog."C",
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    blob_key text NOT NULL COLLATE pg_catalog."C",
    content_type text NOT NULL,
    filename text,
    size_bytes bigint,
    sha256 text COLLATE pg_catalog."C",
    facts json,
    refusal json,
    task_id text COLLATE pg_catalog."C",
    created_at double precision NOT NULL,
    expires_at double precision,
    deleted_at double precision
);
CREATE TABLE public.audit (
    id bigint NOT NULL,
    tenant_id text COLLATE pg_catalog."C",
    actor text NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL,
    detail json NOT NULL,
    at double precision NOT NULL
);
CREATE SEQUENCE public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.audit_id_seq OWNED BY public.audit.id;
CREATE TABLE public.chunks (
    task_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    blob_key text COLLATE pg_catalog."C",
    facts json,
    updated_at double precision NOT NULL
);
CREATE TABLE public.deliveries (
    id text NOT NULL COLLATE pg_catalog."C",
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    endpoint_id text COLLATE pg_catalog."C",
    task_id text COLLATE pg_catalog."C",
    event_id text NOT NULL COLLATE pg_catalog."C",
    event_type text NOT NULL COLLATE pg_catalog."C",
    url text NOT NULL,
    scheme text NOT NULL COLLATE pg_catalog."C",
    secret text NOT NULL,
    body json NOT NULL,
    headers json NOT NULL,
    status text NOT NULL COLLATE pg_catalog."C",
    attempts integer NOT NULL,
    last_status integer,
    last_error text,
    next_attempt_at double precision,
    created_at double precision NOT NULL,
    delivered_at double precision
);
CREATE TABLE public.delivery_attempts (
    delivery_id text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    at double precision NOT NULL,
    status integer,
    error text,
    took_s double precision NOT NULL
);
CREATE TABLE public.executors (
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    host text NOT NULL,
    pid integer NOT NULL,
    started_at double precision NOT NULL,
    beat_at double precision NOT NULL
);
CREATE TABLE public.faces (
    id text NOT NULL COLLATE pg_catalog."C",
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    asset_ids json NOT NULL,
    created_at double precision NOT NULL,
    deleted_at double precision
);
CREATE TABLE public.idempotency (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    request_hash text NOT NULL COLLATE pg_catalog."C",
    resource_id text NOT NULL COLLATE pg_catalog."C",
    created_at double precision NOT NULL
);
CREATE TABLE public.ledger_entries (
    id bigint NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    side smallint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    task_id text COLLATE pg_catalog."C",
    note text,
    created_at double precision NOT NULL,
    CONSTRAINT ck_ledger_entries_side_has_its_sign CHECK ((((side = 0) AND (amount <= 0)) OR ((side = 1) AND (amount >= 0))))
);
CREATE SEQUENCE public.ledger_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.ledger_entries_id_seq OWNED BY public.ledger_entries.id;
CREATE TABLE public.tasks (
    id text NOT NULL COLLATE pg_catalog."C",
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    request json NOT NULL,
    priority text NOT NULL COLLATE pg_catalog."C",
    credits_held bigint NOT NULL,
    credits_charged bigint NOT NULL,
    progress json NOT NULL,
    result json,
    error json,
    dialect text NOT NULL COLLATE pg_catalog."C",
    dialect_id text COLLATE pg_catalog."C",
    callback json,
    label text,
    request_id text,
    attempt integer NOT NULL,
    created_at double precision NOT NULL,
    started_at double precision,
    finished_at double precision,
    expires_at double precision,
    deleted_at double precision,
    notes json NOT NULL,
    CONSTRAINT ck_tasks_status_known CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text])))
);
CREATE TABLE public.tenants (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    created_at double precision NOT NULL,
    suspended_at double precision,
    settings json NOT NULL
);
CREATE TABLE public.webhook_endpoints (
    id text NOT NULL COLLATE pg_catalog."C",
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    url text NOT NULL,
    secret text NOT NULL,
    events json NOT NULL,
    enabled boolean NOT NULL,
    created_at double precision NOT NULL
);
ALTER TABLE ONLY public.audit ALTER COLUMN id SET DEFAULT nextval('public.audit_id_seq'::regclass);
ALTER TABLE ONLY public.ledger_entries ALTER COLUMN id SET DEFAULT nextval('public.ledger_entries_id_seq'::regclass);
INSERT INTO public.accounts VALUES ('tenant_02', 0, 0, 0, 0);
INSERT INTO public.accounts VALUES ('tenant_01k76000000000000000000001', 65, 10, 25, 100);
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.api_keys VALUES ('key_01', 'tenant_01k76000000000000000000001', 'ci', 'pk_abcd', '["swaps:read"]', 'client-1', 1760000000, NULL, NULL, NULL, 'abababababababababababababababababababababababababababababababab', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd');
INSERT INTO public.assets VALUES ('asset_01', 'tenant_01k76000000000000000000001', 'upload', 'ready', 't/1', 'image/png', '50% off; ünï.png', 123, 'abababababababababababababababababababababababababababababababab', '{"kind": "picture", "content_type": "image/png", "width": 640, "height": 480, "duration_s": null, "frames": null, "fps": null, "codec": null, "rotation": null, "audio_streams": 0}', NULL, NULL, 1760000000, NULL, NULL);
INSERT INTO public.audit VALUES (1, 'tenant_01k76000000000000000000001', 'admin', 'create', 'key_01', '{"n": 1}', 1760000000);
INSERT INTO public.chunks VALUES ('task_02', 'render', 0, 'done', 'k', '{"frames": 24}', 1760000000);
INSERT INTO public.deliveries VALUES ('dlv_01', 'tenant_01k76000000000000000000001', 'hook_01', 'task_01', 'evt_01', 'task.succeeded', 'https://x.test', 'standard', 'whsec_x', '{"id": 1}', '{"x-a": "b"}', 'pending', 1, 503, 'busy', 1760000008, 1760000000, NULL);
INSERT INTO public.delivery_attempts VALUES ('dlv_01', 1, 1760000003, 503, 'busy', 0.25);
INSERT INTO public.executors VALUES ('w1', 'worker', 'h', 1, 1760000000, 1760000000);
INSERT INTO public.faces VALUES ('face_01', 'tenant_01k76000000000000000000001', 'Grace', '["asset_01"]', 1760000000, NULL);
INSERT INTO public.idempotency VALUES ('tenant_01k76000000000000000000001', 'again', 'efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef', 'task_01', 1760000000);
INSERT INTO public.ledger_entries VALUES (1, 'tenant_01k76000000000000000000001', 'grant:1', 0, 'grant', 'granted', -100, NULL, 'welcome', 1760000000);
INSERT INTO public.ledger_entries VALUES (2, 'tenant_01k76000000000000000000001', 'grant:1', 1, 'grant', 'available', 100, NULL, 'welcome', 1760000000);
INSERT INTO public.ledger_entries VALUES (3, 'tenant_01k76000000000000000000001', 'hold:task_01:0', 0, 'hold', 'available', -25, 'task_01', NULL, 1760000000);
INSERT INTO public.ledger_entries VALUES (4, 'tenant_01k76000000000000000000001', 'hold:task_01:0', 1, 'hold', 'held', 25, 'task_01', NULL, 1760000000);
INSERT INTO public.ledger_entries VALUES (5, 'tenant_01k76000000000000000000001', 'hold:task_02:0', 0, 'hold', 'available', -10, 'task_02', NULL, 1760000000);
INSERT INTO public.ledger_entries VALUES (6, 'tenant_01k76000000000000000000001', 'hold:task_02:0', 1, 'hold', 'held', 10, 'task_02', NULL, 1760000000);
INSERT INTO public.ledger_entries VALUES (7, 'tenant_01k76000000000000000000001', 'close:task_01', 0, 'settle', 'held', -25, 'task_01', NULL, 1760000002);
INSERT INTO public.ledger_entries VALUES (8, 'tenant_01k76000000000000000000001', 'close:task_01', 1, 'settle', 'spent', 25, 'task_01', NULL, 1760000002);
INSERT INTO public.tasks VALUES ('task_02', 'tenant_01k76000000000000000000001', 'swap_image', 'queued', '{"media": "image", "scene": {"asset_id": null, "url": "https://x.test/\u00e9"}}', 'normal', 10, 0, '{"phase": "queued", "percent": 0.0, "frames_done": null, "frames_total": null, "fps": null, "remaining_s": null}', NULL, NULL, 'native', NULL, '{"url": "https://x.test/hook"}', 'L', 'req-1', 0, 1760000000, NULL, NULL, NULL, NULL, '["a note"]');
INSERT INTO public.tasks VALUES ('task_01', 'tenant_01k76000000000000000000001', 'swap_image', 'succeeded', '{"media": "image", "scene": {"asset_id": null, "url": "https://x.test/\u00e9"}}', 'normal', 25, 25, '{"phase": "done", "percent": 100.0, "frames_done": null, "frames_total": null, "fps": null, "remaining_s": 0.0}', '{"assets": ["asset_01"], "faces_swapped": 1}', NULL, 'crun', 'c1', '{"url": "https://x.test/hook"}', 'L', 'req-1', 1, 1760000000, 1760000001, 1760000002, NULL, NULL, '["a note"]');
INSERT INTO public.tenants VALUES ('tenant_01k76000000000000000000001', 'Ateliér ''Noir''', 1760000000, NULL, '{"limit": 3}');
INSERT INTO public.tenants VALUES ('tenant_02', 'Other', 1760000000, 1760000000, '{"limit": 3}');
INSERT INTO public.webhook_endpoints VALUES ('hook_01', 'tenant_01k76000000000000000000001', 'https://x.test', 'whsec_x', '["task.failed"]', true, 1760000000);
SELECT pg_catalog.setval('public.audit_id_seq', 1, true);
SELECT pg_catalog.setval('public.ledger_entries_id_seq', 8, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT pk_accounts PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT pk_api_keys PRIMARY KEY (id);
ALTER TABLE ONLY public.assets
    ADD CONSTRAINT pk_assets PRIMARY KEY (id);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (id);
ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT pk_chunks PRIMARY KEY (task_id, kind, number);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (id);
ALTER TABLE ONLY public.delivery_attempts
    ADD CONSTRAINT pk_delivery_attempts PRIMARY KEY (delivery_id, number);
ALTER TABLE ONLY public.executors
    ADD CONSTRAINT pk_executors PRIMARY KEY (id);
ALTER TABLE ONLY public.faces
    ADD CONSTRAINT pk_faces PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT pk_idempotency PRIMARY KEY (tenant_id, key);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT pk_ledger_entries PRIMARY KEY (id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT pk_tasks PRIMARY KEY (id);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT pk_tenants PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT pk_webhook_endpoints PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT uq_api_keys_client_id UNIQUE (client_id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT uq_ledger_entries_tenant_id_key_side UNIQUE (tenant_id, key, side);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT uq_tasks_tenant_id_dialect_dialect_id UNIQUE (tenant_id, dialect, dialect_id);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT uq_tenants_name UNIQUE (name);
CREATE INDEX ix_api_keys_tenant_id_id ON public.api_keys USING btree (tenant_id, id);
CREATE INDEX ix_assets_blob_key ON public.assets USING btree (blob_key);
CREATE INDEX ix_assets_deleted_at_expires_at ON public.assets USING btree (deleted_at, expires_at);
CREATE INDEX ix_assets_task_id ON public.assets USING btree (task_id);
CREATE INDEX ix_assets_tenant_id_id ON public.assets USING btree (tenant_id, id);
CREATE INDEX ix_assets_tenant_id_sha256 ON public.assets USING btree (tenant_id, sha256);
CREATE INDEX ix_audit_tenant_id_id ON public.audit USING btree (tenant_id, id);
CREATE INDEX ix_deliveries_status_next_attempt_at ON public.deliveries USING btree (status, next_attempt_at);
CREATE INDEX ix_deliveries_tenant_id_endpoint_id_id ON public.deliveries USING btree (tenant_id, endpoint_id, id);
CREATE INDEX ix_deliveries_tenant_id_id ON public.deliveries USING btree (tenant_id, id);
CREATE INDEX ix_executors_beat_at ON public.executors USING btree (beat_at);
CREATE INDEX ix_faces_tenant_id_id ON public.faces USING btree (tenant_id, id);
CREATE INDEX ix_idempotency_created_at ON public.idempotency USING btree (created_at);
CREATE INDEX ix_ledger_entries_task_id ON public.ledger_entries USING btree (task_id);
CREATE INDEX ix_ledger_entries_tenant_id_account_created_at ON public.ledger_entries USING btree (tenant_id, account, created_at);
CREATE INDEX ix_ledger_entries_tenant_id_id ON public.ledger_entries USING btree (tenant_id, id);
CREATE INDEX ix_tasks_deleted_at_expires_at ON public.tasks USING btree (deleted_at, expires_at);
CREATE INDEX ix_tasks_status_kind_created_at ON public.tasks USING btree (status, kind, created_at);
CREATE INDEX ix_tasks_tenant_id_finished_at ON public.tasks USING btree (tenant_id, finished_at);
CREATE INDEX ix_tasks_tenant_id_id ON public.tasks USING btree (tenant_id, id);
CREATE INDEX ix_tasks_tenant_id_status ON public.tasks USING btree (tenant_id, status);
CREATE INDEX ix_webhook_endpoints_tenant_id_id ON public.webhook_endpoints USING btree (tenant_id, id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT fk_accounts_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT fk_api_keys_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
ALTER TABLE ONLY public.assets
    ADD CONSTRAINT fk_assets_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
ALTER TABLE ONLY public.delivery_attempts
    ADD CONSTRAINT fk_delivery_attempts_delivery_id FOREIGN KEY (delivery_id) REFERENCES public.deliveries(id);
ALTER TABLE ONLY public.faces
    ADD CONSTRAINT fk_faces_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT fk_idempotency_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT fk_ledger_entries_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT fk_tasks_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT fk_webhook_endpoints_tenant_id FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);
