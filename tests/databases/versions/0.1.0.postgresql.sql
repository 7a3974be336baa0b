CREATE TABLE public.admin_event (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    telegram_user_id bigint NOT NULL,
    deed text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL
);
CREATE SEQUENCE public.admin_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.admin_event_id_seq OWNED BY public.admin_event.id;
CREATE TABLE public.area (
    code text NOT NULL,
    iso text NOT NULL,
    name text NOT NULL,
    region text NOT NULL,
    is_country boolean NOT NULL
);
CREATE TABLE public.assignment (
    id integer NOT NULL,
    esim_id integer NOT NULL,
    order_id integer NOT NULL,
    bundle text NOT NULL,
    provider_id text NOT NULL,
    state text NOT NULL,
    unlimited boolean NOT NULL,
    initial_bytes bigint,
    remaining_bytes bigint,
    starts_at timestamp with time zone,
    ends_at timestamp with time zone
);
CREATE SEQUENCE public.assignment_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.assignment_id_seq OWNED BY public.assignment.id;
CREATE TABLE public.bundle_area (
    id integer NOT NULL,
    bundle_id integer NOT NULL,
    area_id text NOT NULL,
    role text NOT NULL
);
CREATE SEQUENCE public.bundle_area_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bundle_area_id_seq OWNED BY public.bundle_area.id;
CREATE TABLE public.bundle_event (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    generation integer NOT NULL,
    bundle text NOT NULL,
    kind text NOT NULL,
    wholesale_before bigint,
    wholesale_after bigint
);
CREATE SEQUENCE public.bundle_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bundle_event_id_seq OWNED BY public.bundle_event.id;
CREATE TABLE public.callback (
    id integer NOT NULL,
    digest text NOT NULL,
    raw text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    signature text NOT NULL,
    kind text NOT NULL,
    verdict text
);
CREATE SEQUENCE public.callback_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.callback_id_seq OWNED BY public.callback.id;
CREATE TABLE public.compatibility (
    id integer NOT NULL,
    iccid text NOT NULL,
    bundle text NOT NULL,
    verdict text,
    asked_at timestamp with time zone NOT NULL,
    checked_at timestamp with time zone
);
CREATE SEQUENCE public.compatibility_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.compatibility_id_seq OWNED BY public.compatibility.id;
CREATE TABLE public.customer (
    id integer NOT NULL,
    telegram_user_id bigint NOT NULL,
    first_name text NOT NULL,
    language text NOT NULL,
    language_chosen boolean NOT NULL,
    may_write boolean NOT NULL,
    blocked_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    held_at timestamp with time zone,
    held_for text,
    released_at timestamp with time zone,
    muted text NOT NULL,
    deleted_at timestamp with time zone
);
CREATE SEQUENCE public.customer_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.customer_id_seq OWNED BY public.customer.id;
CREATE TABLE public.email_address (
    id integer NOT NULL,
    customer_id integer NOT NULL,
    address text NOT NULL,
    confirmed_at timestamp with time zone,
    wanted boolean NOT NULL,
    key text NOT NULL,
    code text NOT NULL,
    code_until timestamp with time zone,
    tries integer NOT NULL,
    codes integer NOT NULL,
    counted_from timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.email_address_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.email_address_id_seq OWNED BY public.email_address.id;
CREATE TABLE public.esim (
    id integer NOT NULL,
    reference text NOT NULL,
    order_id integer NOT NULL,
    customer_id integer NOT NULL,
    iccid text NOT NULL,
    matching_id text NOT NULL,
    smdp_host text NOT NULL,
    profile_status text NOT NULL,
    state text NOT NULL,
    installed_at timestamp with time zone,
    labelled_at timestamp with time zone,
    activate_pressed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    checked_at timestamp with time zone,
    next_refresh_at timestamp with time zone,
    failed_looks integer NOT NULL,
    hinted_at timestamp with time zone
);
CREATE SEQUENCE public.esim_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.esim_id_seq OWNED BY public.esim.id;
CREATE TABLE public.esimgo_products (
    id integer NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    data_mb integer,
    unlimited boolean NOT NULL,
    tier text NOT NULL,
    duration_days integer NOT NULL,
    speeds text NOT NULL,
    autostart boolean NOT NULL,
    wholesale bigint NOT NULL,
    currency text NOT NULL,
    generation integer NOT NULL,
    gone_at timestamp with time zone,
    checked_at timestamp with time zone,
    check_verdict text NOT NULL,
    check_total bigint
);
CREATE SEQUENCE public.esimgo_products_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.esimgo_products_id_seq OWNED BY public.esimgo_products.id;
CREATE TABLE public.funnel_day (
    id integer NOT NULL,
    day text NOT NULL,
    step text NOT NULL,
    count integer NOT NULL
);
CREATE SEQUENCE public.funnel_day_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.funnel_day_id_seq OWNED BY public.funnel_day.id;
CREATE TABLE public.idempotency_key (
    id integer NOT NULL,
    customer_id integer NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    order_id integer NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.idempotency_key_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.idempotency_key_id_seq OWNED BY public.idempotency_key.id;
CREATE TABLE public.incident (
    id integer NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    told_at timestamp with time zone
);
CREATE SEQUENCE public.incident_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.incident_id_seq OWNED BY public.incident.id;
CREATE TABLE public.job_request (
    id integer NOT NULL,
    name text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    result text NOT NULL
);
CREATE SEQUENCE public.job_request_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.job_request_id_seq OWNED BY public.job_request.id;
CREATE TABLE public.lease (
    name text NOT NULL,
    owner text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    pid_started text NOT NULL,
    epoch integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.notification (
    id integer NOT NULL,
    customer_id integer NOT NULL,
    order_id integer,
    kind text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    channel text NOT NULL,
    occasion text NOT NULL,
    facts text NOT NULL
);
CREATE SEQUENCE public.notification_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.notification_id_seq OWNED BY public.notification.id;
CREATE TABLE public.order_event (
    id integer NOT NULL,
    order_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    from_stage text NOT NULL,
    to_stage text NOT NULL,
    actor text NOT NULL,
    note text NOT NULL
);
CREATE SEQUENCE public.order_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.order_event_id_seq OWNED BY public.order_event.id;
CREATE TABLE public.orders (
    id integer NOT NULL,
    reference text NOT NULL,
    telegram_user_id bigint NOT NULL,
    customer_id integer NOT NULL,
    plan_id text NOT NULL,
    plan_type text NOT NULL,
    country_code text NOT NULL,
    country_name text NOT NULL,
    data_mb integer,
    days integer NOT NULL,
    tier text NOT NULL,
    esimgo_product_id text NOT NULL,
    wholesale bigint NOT NULL,
    retail bigint NOT NULL,
    currency text NOT NULL,
    stars integer NOT NULL,
    stage text NOT NULL,
    failure text NOT NULL,
    invoice_url text,
    invoiced_at timestamp with time zone,
    admitted_at timestamp with time zone,
    esim_id integer,
    esimgo_order_id text,
    submission_id integer,
    created_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    deadline_at timestamp with time zone,
    activated_at timestamp with time zone,
    next_try_at timestamp with time zone,
    delivered_at timestamp with time zone,
    CONSTRAINT orders_stage_check CHECK ((stage = ANY (ARRAY[('awaiting_payment'::character varying)::text, ('expired'::character varying)::text, ('paid'::character varying)::text, ('submitting'::character varying)::text, ('unknown'::character varying)::text, ('accepted'::character varying)::text, ('ready'::character varying)::text, ('active'::character varying)::text, ('failed'::character varying)::text, ('returned'::character varying)::text])))
);
CREATE SEQUENCE public.orders_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;
CREATE TABLE public.payment (
    id integer NOT NULL,
    order_id integer,
    telegram_user_id bigint NOT NULL,
    means text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    charge_id text,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    listed_at timestamp with time zone
);
CREATE TABLE public.payment_event (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    actor text NOT NULL,
    note text NOT NULL,
    payment_id integer NOT NULL
);
CREATE SEQUENCE public.payment_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.payment_event_id_seq OWNED BY public.payment_event.id;
CREATE SEQUENCE public.payment_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.payment_id_seq OWNED BY public.payment.id;
CREATE TABLE public.plan (
    id integer NOT NULL,
    plan_id text NOT NULL,
    plan_type text NOT NULL,
    area_id text NOT NULL,
    data_mb integer,
    days integer NOT NULL,
    tier text NOT NULL,
    bundle_id integer NOT NULL,
    retail bigint NOT NULL,
    currency text NOT NULL,
    stars integer NOT NULL,
    available boolean NOT NULL
);
CREATE SEQUENCE public.plan_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.plan_id_seq OWNED BY public.plan.id;
CREATE TABLE public.refund (
    id integer NOT NULL,
    payment_id integer NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL,
    silent boolean NOT NULL,
    epoch integer,
    next_try_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    done_at timestamp with time zone,
    listed_at timestamp with time zone
);
CREATE TABLE public.refund_event (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    actor text NOT NULL,
    note text NOT NULL,
    refund_id integer NOT NULL
);
CREATE SEQUENCE public.refund_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.refund_event_id_seq OWNED BY public.refund_event.id;
CREATE SEQUENCE public.refund_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.refund_id_seq OWNED BY public.refund.id;
CREATE TABLE public.return_event (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    actor text NOT NULL,
    note text NOT NULL,
    request_id integer NOT NULL
);
CREATE SEQUENCE public.return_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.return_event_id_seq OWNED BY public.return_event.id;
CREATE TABLE public.return_request (
    id integer NOT NULL,
    order_id integer NOT NULL,
    state text NOT NULL,
    why text NOT NULL,
    verdict text NOT NULL,
    epoch integer,
    asked_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    done_at timestamp with time zone
);
CREATE SEQUENCE public.return_request_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.return_request_id_seq OWNED BY public.return_request.id;
CREATE TABLE public.schema_migration (
    id integer NOT NULL,
    name text NOT NULL,
    applied timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.schema_migration_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.schema_migration_id_seq OWNED BY public.schema_migration.id;
CREATE TABLE public.setting (
    name text NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.submission (
    id integer NOT NULL,
    order_id integer NOT NULL,
    epoch integer NOT NULL,
    bundle text NOT NULL,
    iccid text,
    quantity integer NOT NULL,
    cost bigint NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    outcome text,
    looks integer NOT NULL,
    first_absent_at timestamp with time zone,
    esimgo_order_id text,
    balance_before bigint,
    balance_at timestamp with time zone
);
CREATE SEQUENCE public.submission_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.submission_id_seq OWNED BY public.submission.id;
CREATE TABLE public.telegram_update (
    id integer NOT NULL,
    update_id bigint NOT NULL,
    answer text,
    received_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.telegram_update_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.telegram_update_id_seq OWNED BY public.telegram_update.id;
CREATE TABLE public.usage_point (
    id integer NOT NULL,
    assignment_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    remaining_bytes bigint NOT NULL
);
CREATE SEQUENCE public.usage_point_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.usage_point_id_seq OWNED BY public.usage_point.id;
ALTER TABLE ONLY public.admin_event ALTER COLUMN id SET DEFAULT nextval('public.admin_event_id_seq'::regclass);
ALTER TABLE ONLY public.assignment ALTER COLUMN id SET DEFAULT nextval('public.assignment_id_seq'::regclass);
ALTER TABLE ONLY public.bundle_area ALTER COLUMN id SET DEFAULT nextval('public.bundle_area_id_seq'::regclass);
ALTER TABLE ONLY public.bundle_event ALTER COLUMN id SET DEFAULT nextval('public.bundle_event_id_seq'::regclass);
ALTER TABLE ONLY public.callback ALTER COLUMN id SET DEFAULT nextval('public.callback_id_seq'::regclass);
ALTER TABLE ONLY public.compatibility ALTER COLUMN id SET DEFAULT nextval('public.compatibility_id_seq'::regclass);
ALTER TABLE ONLY public.customer ALTER COLUMN id SET DEFAULT nextval('public.customer_id_seq'::regclass);
ALTER TABLE ONLY public.email_address ALTER COLUMN id SET DEFAULT nextval('public.email_address_id_seq'::regclass);
ALTER TABLE ONLY public.esim ALTER COLUMN id SET DEFAULT nextval('public.esim_id_seq'::regclass);
ALTER TABLE ONLY public.esimgo_products ALTER COLUMN id SET DEFAULT nextval('public.esimgo_products_id_seq'::regclass);
ALTER TABLE ONLY public.funnel_day ALTER COLUMN id SET DEFAULT nextval('public.funnel_day_id_seq'::regclass);
ALTER TABLE ONLY public.idempotency_key ALTER COLUMN id SET DEFAULT nextval('public.idempotency_key_id_seq'::regclass);
ALTER TABLE ONLY public.incident ALTER COLUMN id SET DEFAULT nextval('public.incident_id_seq'::regclass);
ALTER TABLE ONLY public.job_request ALTER COLUMN id SET DEFAULT nextval('public.job_request_id_seq'::regclass);
ALTER TABLE ONLY public.notification ALTER COLUMN id SET DEFAULT nextval('public.notification_id_seq'::regclass);
ALTER TABLE ONLY public.order_event ALTER COLUMN id SET DEFAULT nextval('public.order_event_id_seq'::regclass);
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);
ALTER TABLE ONLY public.payment ALTER COLUMN id SET DEFAULT nextval('public.payment_id_seq'::regclass);
ALTER TABLE ONLY public.payment_event ALTER COLUMN id SET DEFAULT nextval('public.payment_event_id_seq'::regclass);
ALTER TABLE ONLY public.plan ALTER COLUMN id SET DEFAULT nextval('public.plan_id_seq'::regclass);
ALTER TABLE ONLY public.refund ALTER COLUMN id SET DEFAULT nextval('public.refund_id_seq'::regclass);
ALTER TABLE ONLY public.refund_event ALTER COLUMN id SET DEFAULT nextval('public.refund_event_id_seq'::regclass);
ALTER TABLE ONLY public.return_event ALTER COLUMN id SET DEFAULT nextval('public.return_event_id_seq'::regclass);
ALTER TABLE ONLY public.return_request ALTER COLUMN id SET DEFAULT nextval('public.return_request_id_seq'::regclass);
ALTER TABLE ONLY public.schema_migration ALTER COLUMN id SET DEFAULT nextval('public.schema_migration_id_seq'::regclass);
ALTER TABLE ONLY public.submission ALTER COLUMN id SET DEFAULT nextval('public.submission_id_seq'::regclass);
ALTER TABLE ONLY public.telegram_update ALTER COLUMN id SET DEFAULT nextval('public.telegram_update_id_seq'::regclass);
ALTER TABLE ONLY public.usage_point ALTER COLUMN id SET DEFAULT nextval('public.usage_point_id_seq'::regclass);
INSERT INTO public.area VALUES ('tr', 'TR', 'Turkey', '', true);
INSERT INTO public.assignment VALUES (1, 1, 7, 'esim_3GB_30D_TR_V2', '', 'queued', false, 3000000000, 3000000000, NULL, NULL);
INSERT INTO public.assignment VALUES (2, 2, 8, 'esim_3GB_30D_TR_V2', '', 'queued', false, 3000000000, 3000000000, NULL, NULL);
INSERT INTO public.assignment VALUES (3, 3, 9, 'esim_3GB_30D_TR_V2', '', 'queued', false, 3000000000, 3000000000, NULL, NULL);
INSERT INTO public.bundle_area VALUES (1, 1, 'tr', 'base');
INSERT INTO public.customer VALUES (1, 5000, 'Customer 0', 'en', false, false, NULL, '2026-11-30 15:26:09.546872+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (2, 5001, 'Customer 1', 'en', false, false, NULL, '2026-11-30 15:26:09.559314+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (3, 5002, 'Customer 2', 'en', false, false, NULL, '2026-11-30 15:26:09.568553+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (4, 5003, 'Customer 3', 'en', false, false, NULL, '2026-11-30 15:26:09.591348+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (5, 5004, 'Customer 4', 'en', false, false, NULL, '2026-11-30 15:26:09.616984+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (6, 5005, 'Customer 5', 'en', false, false, NULL, '2026-11-30 15:26:09.63721+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (7, 5006, 'Customer 6', 'en', false, false, NULL, '2026-11-30 15:26:09.661124+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (8, 5007, 'Customer 7', 'en', false, false, NULL, '2026-11-30 15:26:09.695171+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (9, 5008, 'Customer 8', 'en', false, false, NULL, '2026-11-30 15:26:09.730299+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.customer VALUES (10, 5009, 'Customer 9', 'en', false, false, NULL, '2026-11-30 15:26:09.764209+00', NULL, NULL, NULL, '', NULL);
INSERT INTO public.esim VALUES (1, '334986P0AObIIrNB', 7, 7, '8944000000000000023', 'ad4c913e:gAAAAABrDZWRG6tYX4Xl-ebYyy8VviLGxPemYwmvXli-VfVzGcZNm-C7Zwrwg_iOnLuxXG6TA9MQb1LIfi01Y8cNYhFoD0vuBjjme4ws0IktRQ5iTmN7mgg=', 'rsp.example.com', 'released', 'active', NULL, NULL, NULL, '2026-11-30 15:26:09.678989+00', NULL, '2026-11-30 15:26:09.678952+00', 0, NULL);
INSERT INTO public.esim VALUES (2, 'Z87kgq0aLatqd5s6', 8, 8, '8944000000000000026', 'ad4c913e:gAAAAABrDZWRKGwnwHj5dVnz8iInlax1v9IONUNN5RamPml3vEvM4U_TEEZfeLpbOhLan0hfqaylBDMql1d5X_Qkoj2-6gQYyok_fY_ALuPJ_c98CvMnUqk=', 'rsp.example.com', 'released', 'active', NULL, NULL, NULL, '2026-11-30 15:26:09.714844+00', NULL, '2026-11-30 15:26:09.714809+00', 0, NULL);
INSERT INTO public.esim VALUES (3, 'CMWCSs1PVgY243uw', 9, 9, '8944000000000000029', 'ad4c913e:gAAAAABrDZWRkR2ngLxnWK41AwtdwLh4kIT_eGqmtrKDjcWubICQYMQSzC5P6NUU7LWzaqjIHozlX_AI-4Dawi78Zo5GWRUDPon0uJWumfyboB55z8VS5OE=', 'rsp.example.com', 'released', 'active', NULL, NULL, NULL, '2026-11-30 15:26:09.744844+00', NULL, '2026-11-30 15:26:09.744814+00', 0, NULL);
INSERT INTO public.esimgo_products VALUES (1, 'esim_3GB_30D_TR_V2', 'eSIM, 3GB, 30 Days, Turkey, V2', 3000, false, '', 30, '', true, 4200, 'USD', 1, NULL, '2026-11-30 15:26:09.572161+00', 'ok', 4200);
INSERT INTO public.orders VALUES (1, '47jKF8ku5Lao3P-d', 5000, 1, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'awaiting_payment', '', NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-30 15:26:09.55106+00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (2, 'SAIFrw3Dox7cvayh', 5001, 2, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'expired', '', NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-30 15:26:09.564149+00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES (3, '6VfKmj5F9BWP_gDO', 5002, 3, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'paid', '', NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-30 15:26:09.582326+00', '2026-11-30 15:26:09.582289+00', '2026-11-30 15:41:09.582296+00', NULL, NULL, NULL);
INSERT INTO public.orders VALUES (4, '45AomoCBrTnbX16D', 5003, 4, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'submitting', '', NULL, NULL, NULL, NULL, NULL, 1, '2026-11-30 15:26:09.595306+00', '2026-11-30 15:26:09.595277+00', '2026-11-30 15:41:09.595283+00', NULL, NULL, NULL);
INSERT INTO public.orders VALUES (5, 'bKQXJrqR98Zpx_Qc', 5004, 5, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'unknown', '', NULL, NULL, NULL, NULL, NULL, 2, '2026-11-30 15:26:09.621036+00', '2026-11-30 15:26:09.621005+00', '2026-11-30 15:41:09.621013+00', NULL, NULL, NULL);
INSERT INTO public.orders VALUES (6, 'K5zjncdpdsEHSUDm', 5005, 6, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'accepted', '', NULL, NULL, NULL, NULL, 'provider-20', 3, '2026-11-30 15:26:09.640107+00', '2026-11-30 15:26:09.639915+00', '2026-11-30 15:41:09.639922+00', NULL, NULL, NULL);
INSERT INTO public.orders VALUES (7, '4hLOK5b8T88JqpgG', 5006, 7, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'ready', '', NULL, NULL, NULL, NULL, 'provider-22', 4, '2026-11-30 15:26:09.670624+00', '2026-11-30 15:26:09.670585+00', '2026-11-30 15:41:09.670592+00', NULL, NULL, NULL);
INSERT INTO public.orders VALUES (8, '00Lr2KRqRwwlohTk', 5007, 8, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'active', '', NULL, NULL, NULL, NULL, 'provider-25', 5, '2026-11-30 15:26:09.700309+00', '2026-11-30 15:26:09.700282+00', '2026-11-30 15:41:09.700284+00', '2026-11-30 15:26:09.700231+00', NULL, NULL);
INSERT INTO public.orders VALUES (9, 'YZ2BzYNgfP7Vozmq', 5008, 9, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'returned', '', NULL, NULL, NULL, NULL, 'provider-28', 6, '2026-11-30 15:26:09.732677+00', '2026-11-30 15:26:09.732648+00', '2026-11-30 15:41:09.73265+00', '2026-11-30 15:26:09.732642+00', NULL, NULL);
INSERT INTO public.orders VALUES (10, 'nNZLBhOZYwSannlt', 5009, 10, 'tr-3gb-30d', 'standard', 'tr', 'Turkey', 3000, 30, '', 'esim_3GB_30D_TR_V2', 4200, 5880, 'USD', 453, 'failed', 'deadline', NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-30 15:26:09.770739+00', '2026-11-30 15:26:09.770703+00', '2026-11-30 15:41:09.770709+00', NULL, NULL, NULL);
INSERT INTO public.payment VALUES (1, 3, 5002, 'stars', 'XTR', 453, 'charge-16', 'confirmed', '2026-11-30 15:26:09.583424+00', '2026-11-30 15:26:09.583406+00', NULL);
INSERT INTO public.payment VALUES (2, 4, 5003, 'stars', 'XTR', 453, 'charge-17', 'confirmed', '2026-11-30 15:26:09.596819+00', '2026-11-30 15:26:09.596804+00', NULL);
INSERT INTO public.payment VALUES (3, 5, 5004, 'stars', 'XTR', 453, 'charge-18', 'confirmed', '2026-11-30 15:26:09.625904+00', '2026-11-30 15:26:09.625888+00', NULL);
INSERT INTO public.payment VALUES (4, 6, 5005, 'stars', 'XTR', 453, 'charge-19', 'confirmed', '2026-11-30 15:26:09.64402+00', '2026-11-30 15:26:09.644+00', NULL);
INSERT INTO public.payment VALUES (5, 7, 5006, 'stars', 'XTR', 453, 'charge-21', 'confirmed', '2026-11-30 15:26:09.673622+00', '2026-11-30 15:26:09.673605+00', NULL);
INSERT INTO public.payment VALUES (6, 8, 5007, 'stars', 'XTR', 453, 'charge-24', 'confirmed', '2026-11-30 15:26:09.707158+00', '2026-11-30 15:26:09.707141+00', NULL);
INSERT INTO public.payment VALUES (7, 9, 5008, 'stars', 'XTR', 453, 'charge-27', 'refund_due', '2026-11-30 15:26:09.733827+00', '2026-11-30 15:26:09.733813+00', NULL);
INSERT INTO public.payment VALUES (8, 10, 5009, 'stars', 'XTR', 453, 'charge-30', 'refund_due', '2026-11-30 15:26:09.771428+00', '2026-11-30 15:26:09.771417+00', NULL);
INSERT INTO public.payment_event VALUES (1, '2026-11-30 15:26:09.754306+00', 'confirmed', 'refund_due', 'shop', 'given back', 7);
INSERT INTO public.payment_event VALUES (2, '2026-11-30 15:26:09.779185+00', 'confirmed', 'refund_due', 'shop', 'deadline', 8);
INSERT INTO public.plan VALUES (1, 'tr-3gb-30d', 'standard', 'tr', 3000, 30, '', 1, 5880, 'USD', 453, true);
INSERT INTO public.refund VALUES (1, 7, 'due', 'given back', 0, false, NULL, '2026-11-30 15:26:09.755537+00', '2026-11-30 15:26:09.755542+00', NULL, NULL, NULL);
INSERT INTO public.refund VALUES (2, 8, 'due', 'deadline', 0, false, NULL, '2026-11-30 15:26:09.785362+00', '2026-11-30 15:26:09.785369+00', NULL, NULL, NULL);
INSERT INTO public.schema_migration VALUES (1, '0001_initial', '2026-11-30 15:26:08.99894+00');
INSERT INTO public.schema_migration VALUES (2, '0002_money', '2026-11-30 15:26:09.145389+00');
INSERT INTO public.schema_migration VALUES (3, '0003_data_keys', '2026-11-30 15:26:09.15556+00');
INSERT INTO public.schema_migration VALUES (4, '0004_talking', '2026-11-30 15:26:09.209628+00');
INSERT INTO public.schema_migration VALUES (5, '0005_reports', '2026-11-30 15:26:09.233002+00');
INSERT INTO public.schema_migration VALUES (6, '0006_admin', '2026-11-30 15:26:09.244521+00');
INSERT INTO public.setting VALUES ('provider.balance', '1000000');
INSERT INTO public.setting VALUES ('provider.balance_told_at', '"2026-11-30T15:26:04.576613+00:00"');
INSERT INTO public.setting VALUES ('provider.balance_at', '"2026-11-30T15:26:09.581485+00:00"');
INSERT INTO public.submission VALUES (1, 4, 1, 'esim_3GB_30D_TR_V2', NULL, 1, 4200, '2026-11-30 15:26:09.599943+00', '2026-11-30 15:26:09.599925+00', NULL, 0, NULL, NULL, NULL, NULL);
INSERT INTO public.submission VALUES (2, 5, 1, 'esim_3GB_30D_TR_V2', NULL, 1, 4200, '2026-11-30 15:26:09.626774+00', '2026-11-30 15:26:09.62676+00', NULL, 0, NULL, NULL, NULL, NULL);
INSERT INTO public.submission VALUES (3, 6, 1, 'esim_3GB_30D_TR_V2', NULL, 1, 4200, '2026-11-30 15:26:09.651121+00', '2026-11-30 15:26:09.651102+00', 'bought', 0, NULL, 'provider-20', NULL, NULL);
INSERT INTO public.submission VALUES (4, 7, 1, 'esim_3GB_30D_TR_V2', NULL, 1, 4200, '2026-11-30 15:26:09.674269+00', '2026-11-30 15:26:09.674256+00', 'bought', 0, NULL, 'provider-22', NULL, NULL);
INSERT INTO public.submission VALUES (5, 8, 1, 'esim_3GB_30D_TR_V2', NULL, 1, 4200, '2026-11-30 15:26:09.709637+00', '2026-11-30 15:26:09.709622+00', 'bought', 0, NULL, 'provider-25', NULL, NULL);
INSERT INTO public.submission VALUES (6, 9, 1, 'esim_3GB_30D_TR_V2', NULL, 1, 4200, '2026-11-30 15:26:09.73563+00', '2026-11-30 15:26:09.73561+00', 'bought', 0, NULL, 'provider-28', NULL, NULL);
SELECT pg_catalog.setval('public.admin_event_id_seq', 1, false);
SELECT pg_catalog.setval('public.assignment_id_seq', 3, true);
SELECT pg_catalog.setval('public.bundle_area_id_seq', 1, true);
SELECT pg_catalog.setval('public.bundle_event_id_seq', 1, false);
SELECT pg_catalog.setval('public.callback_id_seq', 1, false);
SELECT pg_catalog.setval('public.compatibility_id_seq', 1, false);
SELECT pg_catalog.setval('public.customer_id_seq', 10, true);
SELECT pg_catalog.setval('public.email_address_id_seq', 1, false);
SELECT pg_catalog.setval('public.esim_id_seq', 3, true);
SELECT pg_catalog.setval('public.esimgo_products_id_seq', 1, true);
SELECT pg_catalog.setval('public.funnel_day_id_seq', 1, false);
SELECT pg_catalog.setval('public.idempotency_key_id_seq', 1, false);
SELECT pg_catalog.setval('public.incident_id_seq', 1, false);
SELECT pg_catalog.setval('public.job_request_id_seq', 1, false);
SELECT pg_catalog.setval('public.notification_id_seq', 1, false);
SELECT pg_catalog.setval('public.order_event_id_seq', 1, false);
SELECT pg_catalog.setval('public.orders_id_seq', 10, true);
SELECT pg_catalog.setval('public.payment_event_id_seq', 2, true);
SELECT pg_catalog.setval('public.payment_id_seq', 8, true);
SELECT pg_catalog.setval('public.plan_id_seq', 1, true);
SELECT pg_catalog.setval('public.refund_event_id_seq', 1, false);
SELECT pg_catalog.setval('public.refund_id_seq', 2, true);
SELECT pg_catalog.setval('public.return_event_id_seq', 1, false);
SELECT pg_catalog.setval('public.return_request_id_seq', 1, false);
SELECT pg_catalog.setval('public.schema_migration_id_seq', 6, true);
SELECT pg_catalog.setval('public.submission_id_seq', 6, true);
SELECT pg_catalog.setval('public.telegram_update_id_seq', 1, false);
SELECT pg_catalog.setval('public.usage_point_id_seq', 1, false);
ALTER TABLE ONLY public.admin_event
    ADD CONSTRAINT admin_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.area
    ADD CONSTRAINT area_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bundle_area
    ADD CONSTRAINT bundle_area_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bundle_event
    ADD CONSTRAINT bundle_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.callback
    ADD CONSTRAINT callback_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.compatibility
    ADD CONSTRAINT compatibility_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.email_address
    ADD CONSTRAINT email_address_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.esim
    ADD CONSTRAINT esim_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.esimgo_products
    ADD CONSTRAINT esimgo_products_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.funnel_day
    ADD CONSTRAINT funnel_day_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.incident
    ADD CONSTRAINT incident_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.job_request
    ADD CONSTRAINT job_request_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.order_event
    ADD CONSTRAINT order_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payment_event
    ADD CONSTRAINT payment_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.plan
    ADD CONSTRAINT plan_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.refund_event
    ADD CONSTRAINT refund_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.refund
    ADD CONSTRAINT refund_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.return_event
    ADD CONSTRAINT return_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.return_request
    ADD CONSTRAINT return_request_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.submission
    ADD CONSTRAINT submission_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.telegram_update
    ADD CONSTRAINT telegram_update_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.usage_point
    ADD CONSTRAINT usage_point_pkey PRIMARY KEY (id);
CREATE INDEX adminevent_at ON public.admin_event USING btree (at);
CREATE INDEX assignment_esim_id ON public.assignment USING btree (esim_id);
CREATE INDEX assignment_order_id ON public.assignment USING btree (order_id);
CREATE INDEX assignment_state_ends_at ON public.assignment USING btree (state, ends_at);
CREATE INDEX bundle_generation ON public.esimgo_products USING btree (generation);
CREATE UNIQUE INDEX bundle_name ON public.esimgo_products USING btree (name);
CREATE INDEX bundlearea_area_id ON public.bundle_area USING btree (area_id);
CREATE INDEX bundlearea_area_id_role ON public.bundle_area USING btree (area_id, role);
CREATE INDEX bundlearea_bundle_id ON public.bundle_area USING btree (bundle_id);
CREATE UNIQUE INDEX bundlearea_bundle_id_area_id_role ON public.bundle_area USING btree (bundle_id, area_id, role);
CREATE INDEX bundleevent_bundle_at ON public.bundle_event USING btree (bundle, at);
CREATE INDEX bundleevent_generation ON public.bundle_event USING btree (generation);
CREATE UNIQUE INDEX callback_digest ON public.callback USING btree (digest);
CREATE INDEX callback_signature_received_at ON public.callback USING btree (signature, received_at);
CREATE INDEX callback_verdict ON public.callback USING btree (verdict);
CREATE UNIQUE INDEX compatibility_iccid_bundle ON public.compatibility USING btree (iccid, bundle);
CREATE INDEX compatibility_verdict_asked_at ON public.compatibility USING btree (verdict, asked_at);
CREATE UNIQUE INDEX customer_telegram_user_id ON public.customer USING btree (telegram_user_id);
CREATE UNIQUE INDEX emailaddress_customer_id ON public.email_address USING btree (customer_id);
CREATE UNIQUE INDEX emailaddress_key ON public.email_address USING btree (key);
CREATE INDEX esim_customer_id ON public.esim USING btree (customer_id);
CREATE UNIQUE INDEX esim_iccid ON public.esim USING btree (iccid);
CREATE INDEX esim_installed_at_created_at ON public.esim USING btree (installed_at, created_at);
CREATE INDEX esim_next_refresh_at ON public.esim USING btree (next_refresh_at);
CREATE INDEX esim_order_id ON public.esim USING btree (order_id);
CREATE UNIQUE INDEX esim_reference ON public.esim USING btree (reference);
CREATE UNIQUE INDEX funnelday_day_step ON public.funnel_day USING btree (day, step);
CREATE INDEX idempotencykey_customer_id ON public.idempotency_key USING btree (customer_id);
CREATE UNIQUE INDEX idempotencykey_customer_id_key ON public.idempotency_key USING btree (customer_id, key);
CREATE INDEX idempotencykey_order_id ON public.idempotency_key USING btree (order_id);
CREATE INDEX incident_closed_at_told_at ON public.incident USING btree (closed_at, told_at);
CREATE UNIQUE INDEX incident_kind_subject ON public.incident USING btree (kind, subject);
CREATE INDEX jobrequest_done_at ON public.job_request USING btree (done_at);
CREATE INDEX notification_customer_id ON public.notification USING btree (customer_id);
CREATE INDEX notification_order_id ON public.notification USING btree (order_id);
CREATE UNIQUE INDEX notification_order_id_kind_channel_occasion ON public.notification USING btree (order_id, kind, channel, occasion);
CREATE INDEX notification_state_next_try_at ON public.notification USING btree (state, next_try_at);
CREATE INDEX order_customer_id ON public.orders USING btree (customer_id);
CREATE INDEX order_event_to_stage_at ON public.order_event USING btree (to_stage, at);
CREATE UNIQUE INDEX order_reference ON public.orders USING btree (reference);
CREATE INDEX order_stage_invoiced_at ON public.orders USING btree (stage, invoiced_at);
CREATE INDEX order_stage_paid_at ON public.orders USING btree (stage, paid_at);
CREATE INDEX order_telegram_user_id_created_at ON public.orders USING btree (telegram_user_id, created_at);
CREATE INDEX orderevent_order_id ON public.order_event USING btree (order_id);
CREATE INDEX orders_created_at ON public.orders USING btree (created_at);
CREATE UNIQUE INDEX orders_one_awaiting ON public.orders USING btree (customer_id, plan_id, COALESCE(esim_id, 0)) WHERE (stage = 'awaiting_payment'::text);
CREATE INDEX orders_paid_at ON public.orders USING btree (paid_at);
CREATE UNIQUE INDEX payment_charge_id ON public.payment USING btree (charge_id);
CREATE INDEX payment_listed_at_confirmed_at ON public.payment USING btree (listed_at, confirmed_at);
CREATE INDEX payment_order_id ON public.payment USING btree (order_id);
CREATE INDEX payment_state_created_at ON public.payment USING btree (state, created_at);
CREATE INDEX paymentevent_payment_id ON public.payment_event USING btree (payment_id);
CREATE INDEX plan_area_id ON public.plan USING btree (area_id);
CREATE INDEX plan_available ON public.plan USING btree (available);
CREATE INDEX plan_bundle_id ON public.plan USING btree (bundle_id);
CREATE UNIQUE INDEX plan_plan_id ON public.plan USING btree (plan_id);
CREATE INDEX refund_listed_at_done_at ON public.refund USING btree (listed_at, done_at);
CREATE UNIQUE INDEX refund_payment_id ON public.refund USING btree (payment_id);
CREATE INDEX refund_state_next_try_at ON public.refund USING btree (state, next_try_at);
CREATE INDEX refundevent_refund_id ON public.refund_event USING btree (refund_id);
CREATE INDEX returnevent_request_id ON public.return_event USING btree (request_id);
CREATE UNIQUE INDEX returnrequest_order_id ON public.return_request USING btree (order_id);
CREATE INDEX returnrequest_state_next_try_at ON public.return_request USING btree (state, next_try_at);
CREATE UNIQUE INDEX schema_migration_name ON public.schema_migration USING btree (name);
CREATE UNIQUE INDEX submission_esimgo_order_id ON public.submission USING btree (esimgo_order_id);
CREATE INDEX submission_order_id ON public.submission USING btree (order_id);
CREATE INDEX submission_outcome_sent_at ON public.submission USING btree (outcome, sent_at);
CREATE UNIQUE INDEX telegramupdate_update_id ON public.telegram_update USING btree (update_id);
CREATE INDEX usagepoint_assignment_id ON public.usage_point USING btree (assignment_id);
CREATE INDEX usagepoint_assignment_id_at ON public.usage_point USING btree (assignment_id, at);
ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_esim_id_fkey FOREIGN KEY (esim_id) REFERENCES public.esim(id);
ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.bundle_area
    ADD CONSTRAINT bundle_area_area_id_fkey FOREIGN KEY (area_id) REFERENCES public.area(code) ON DELETE CASCADE;
ALTER TABLE ONLY public.bundle_area
    ADD CONSTRAINT bundle_area_bundle_id_fkey FOREIGN KEY (bundle_id) REFERENCES public.esimgo_products(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.email_address
    ADD CONSTRAINT email_address_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customer(id);
ALTER TABLE ONLY public.esim
    ADD CONSTRAINT esim_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customer(id);
ALTER TABLE ONLY public.esim
    ADD CONSTRAINT esim_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customer(id);
ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customer(id);
ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.order_event
    ADD CONSTRAINT order_event_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customer(id);
ALTER TABLE ONLY public.payment_event
    ADD CONSTRAINT payment_event_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payment(id);
ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.plan
    ADD CONSTRAINT plan_area_id_fkey FOREIGN KEY (area_id) REFERENCES public.area(code);
ALTER TABLE ONLY public.plan
    ADD CONSTRAINT plan_bundle_id_fkey FOREIGN KEY (bundle_id) REFERENCES public.esimgo_products(id);
ALTER TABLE ONLY public.refund_event
    ADD CONSTRAINT refund_event_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES public.refund(id);
ALTER TABLE ONLY public.refund
    ADD CONSTRAINT refund_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payment(id);
ALTER TABLE ONLY public.return_event
    ADD CONSTRAINT return_event_request_id_fkey FOREIGN KEY (request_id) REFERENCES public.return_request(id);
ALTER TABLE ONLY public.return_request
    ADD CONSTRAINT return_request_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.submission
    ADD CONSTRAINT submission_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.usage_point
    ADD CONSTRAINT usage_point_assignment_id_fkey FOREIGN KEY (assignment_id) REFERENCES public.assignment(id) ON DELETE CASCADE;
