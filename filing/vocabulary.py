"""The field's own terms: English names in code, Chinese labels in what people read.

Sources: `domain.md` 3 and 6 for terms; the authority's ids are never here, for its lists change
and are looked up by the Chinese name (its pages say: do not hard-code).
"""

from enum import Enum


class Kind(str, Enum):
    """Kinds of filing."""

    NEW = "new"
    CHANGE_SUBJECT = "change_subject"
    CHANGE_MINI_PROGRAM = "change_mini_program"
    CANCEL_SUBJECT = "cancel_subject"
    CANCEL_MINI_PROGRAM = "cancel_mini_program"
    CANCEL_ACCESS = "cancel_access"


KIND_LABELS = {
    Kind.NEW: "新增备案",
    Kind.CHANGE_SUBJECT: "变更主体",
    Kind.CHANGE_MINI_PROGRAM: "变更小程序",
    Kind.CANCEL_SUBJECT: "注销主体",
    Kind.CANCEL_MINI_PROGRAM: "注销小程序",
    Kind.CANCEL_ACCESS: "取消接入",
}


SUBJECT_KINDS = frozenset({Kind.CHANGE_SUBJECT, Kind.CANCEL_SUBJECT})
"""Kinds that are about the subject and all that it has filed."""

CHANGES = frozenset({Kind.CHANGE_SUBJECT, Kind.CHANGE_MINI_PROGRAM})

CANCELLATIONS = frozenset({Kind.CANCEL_SUBJECT, Kind.CANCEL_MINI_PROGRAM, Kind.CANCEL_ACCESS})
"""Kinds that cannot be corrected or withdrawn once sent (WX-API/cancelicpfiling)."""


class CancellationReason(str, Enum):
    """Why a filing is cancelled (WX-API/cancelicpfiling `reason_type` 1 and 2)."""

    NO_LONGER_OPERATED = "no_longer_operated"
    SUBJECT_CHANGED = "subject_changed"


class Status(str, Enum):
    """Where a filing stands. The last four are final."""

    QUEUED = "queued"
    """Started with `--queue` while another filing has its subject or mini program."""
    PLATFORM_REVIEW = "platform_review"
    CORRECTION = "correction"
    SUBMISSION = "submission"
    SMS_VERIFICATION = "sms_verification"
    BUREAU_REVIEW = "bureau_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"

    @property
    def final(self) -> bool:
        """Whether the filing has ended."""
        return self in FINAL


FINAL = frozenset({Status.APPROVED, Status.REJECTED, Status.WITHDRAWN, Status.LAPSED})

STATUS_LABELS = {
    Status.QUEUED: "排队等候",
    Status.PLATFORM_REVIEW: "平台初审",
    Status.CORRECTION: "待修改",
    Status.SUBMISSION: "提交管局",
    Status.SMS_VERIFICATION: "短信核验",
    Status.BUREAU_REVIEW: "管局审核",
    Status.APPROVED: "备案成功",
    Status.REJECTED: "审核不通过",
    Status.WITHDRAWN: "已撤回",
    Status.LAPSED: "已失效",
}


class Party(str, Enum):
    """Who has the next step."""

    PLATFORM = "platform"
    APPLICANT = "applicant"
    PRINCIPALS = "principals"
    AUTHORITY = "authority"
    BUREAU = "bureau"
    EARLIER_FILING = "earlier_filing"


PARTY_LABELS = {
    Party.PLATFORM: "平台审核人员",
    Party.APPLICANT: "申请人",
    Party.PRINCIPALS: "主体负责人与小程序负责人",
    Party.AUTHORITY: "备案系统",
    Party.BUREAU: "通信管理局",
    Party.EARLIER_FILING: "前一备案",
}


class Principal(str, Enum):
    """The persons in charge who pass the SMS check."""

    SUBJECT = "subject_principal"
    MINI_PROGRAM = "mini_program_principal"


PRINCIPAL_LABELS = {Principal.SUBJECT: "主体负责人", Principal.MINI_PROGRAM: "小程序负责人"}


class AuthorityMode(str, Enum):
    """Through whom a filing reaches the bureau (`BEIAN_AUTHORITY`)."""

    SANDBOX = "sandbox"
    WECHAT = "wechat"
    MANUAL = "manual"


class ApplicantType(str, Enum):
    """Sorts of subject (主体性质)."""

    INDIVIDUAL = "individual"
    ENTERPRISE = "enterprise"
    SOLE_TRADER = "sole_trader"
    GOVERNMENT = "government"
    PUBLIC_INSTITUTION = "public_institution"
    SOCIAL_ORGANISATION = "social_organisation"
    PRIVATE_NON_ENTERPRISE = "private_non_enterprise"
    FOUNDATION = "foundation"
    LAW_FIRM = "law_firm"
    MASS_ORGANISATION = "mass_organisation"
    RELIGIOUS_GROUP = "religious_group"
    FORENSIC_INSTITUTION = "forensic_institution"
    NOTARY_OFFICE = "notary_office"
    MEDICAL_INSTITUTION = "medical_institution"
    DEFENCE_BODY = "defence_body"
    FOREIGN_CULTURAL_CENTRE = "foreign_cultural_centre"
    OVERSEAS_BODY = "overseas_body"


APPLICANT_LABELS = {
    ApplicantType.INDIVIDUAL: "个人",
    ApplicantType.ENTERPRISE: "企业",
    ApplicantType.SOLE_TRADER: "个体工商户",
    ApplicantType.GOVERNMENT: "政府机关",
    ApplicantType.PUBLIC_INSTITUTION: "事业单位",
    ApplicantType.SOCIAL_ORGANISATION: "社会团体",
    ApplicantType.PRIVATE_NON_ENTERPRISE: "民办非企业单位",
    ApplicantType.FOUNDATION: "基金会",
    ApplicantType.LAW_FIRM: "律师执业机构",
    ApplicantType.MASS_ORGANISATION: "群众性团体组织",
    ApplicantType.RELIGIOUS_GROUP: "宗教团体",
    ApplicantType.FORENSIC_INSTITUTION: "司法鉴定机构",
    ApplicantType.NOTARY_OFFICE: "公证机构",
    ApplicantType.MEDICAL_INSTITUTION: "医疗机构",
    ApplicantType.DEFENCE_BODY: "国防机构",
    ApplicantType.FOREIGN_CULTURAL_CENTRE: "外国在华文化中心",
    ApplicantType.OVERSEAS_BODY: "境外机构",
}
"""The authority's names; those after the law firm are [UNVERIFIED], and matched against its live list."""


class CertificateType(str, Enum):
    """Certificates of subjects and of persons."""

    BUSINESS_LICENCE = "business_licence"
    UNIFIED_CODE_CERTIFICATE = "unified_code_certificate"
    ORGANISATION_CODE_CERTIFICATE = "organisation_code_certificate"
    PUBLIC_INSTITUTION_CERTIFICATE = "public_institution_certificate"
    SOCIAL_ORGANISATION_CERTIFICATE = "social_organisation_certificate"
    PRIVATE_NON_ENTERPRISE_CERTIFICATE = "private_non_enterprise_certificate"
    FOUNDATION_CERTIFICATE = "foundation_certificate"
    LAW_FIRM_LICENCE = "law_firm_licence"
    MASS_ORGANISATION_CERTIFICATE = "mass_organisation_certificate"
    RELIGIOUS_VENUE_CERTIFICATE = "religious_venue_certificate"
    FORENSIC_LICENCE = "forensic_licence"
    NOTARY_LICENCE = "notary_licence"
    MEDICAL_LICENCE = "medical_licence"
    MILITARY_CODE = "military_code"
    CULTURAL_CENTRE_CERTIFICATE = "cultural_centre_certificate"
    REPRESENTATIVE_OFFICE_CERTIFICATE = "representative_office_certificate"
    OVERSEAS_BODY_CERTIFICATE = "overseas_body_certificate"
    RESIDENT_ID = "resident_id"
    PASSPORT = "passport"
    HK_MACAO_PERMIT = "hk_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    HK_MACAO_RESIDENCE_PERMIT = "hk_macao_residence_permit"
    TAIWAN_RESIDENCE_PERMIT = "taiwan_residence_permit"
    FOREIGN_PERMANENT_RESIDENT_ID = "foreign_permanent_resident_id"


CERTIFICATE_LABELS = {
    CertificateType.BUSINESS_LICENCE: "营业执照",
    CertificateType.UNIFIED_CODE_CERTIFICATE: "统一社会信用代码证书",
    CertificateType.ORGANISATION_CODE_CERTIFICATE: "组织机构代码证",
    CertificateType.PUBLIC_INSTITUTION_CERTIFICATE: "事业单位法人证书",
    CertificateType.SOCIAL_ORGANISATION_CERTIFICATE: "社会团体法人登记证书",
    CertificateType.PRIVATE_NON_ENTERPRISE_CERTIFICATE: "民办非企业单位登记证书",
    CertificateType.FOUNDATION_CERTIFICATE: "基金会法人登记证书",
    CertificateType.LAW_FIRM_LICENCE: "律师事务所执业许可证",
    CertificateType.MASS_ORGANISATION_CERTIFICATE: "群众性团体组织登记证",
    CertificateType.RELIGIOUS_VENUE_CERTIFICATE: "宗教活动场所登记证",
    CertificateType.FORENSIC_LICENCE: "司法鉴定许可证",
    CertificateType.NOTARY_LICENCE: "公证机构执业证",
    CertificateType.MEDICAL_LICENCE: "医疗机构执业许可证",
    CertificateType.MILITARY_CODE: "军队代号",
    CertificateType.CULTURAL_CENTRE_CERTIFICATE: "外国在华文化中心登记证",
    CertificateType.REPRESENTATIVE_OFFICE_CERTIFICATE: "外国企业常驻代表机构登记证",
    CertificateType.OVERSEAS_BODY_CERTIFICATE: "境外机构证件",
    CertificateType.RESIDENT_ID: "居民身份证",
    CertificateType.PASSPORT: "护照",
    CertificateType.HK_MACAO_PERMIT: "港澳居民来往内地通行证",
    CertificateType.TAIWAN_PERMIT: "台湾居民来往大陆通行证",
    CertificateType.HK_MACAO_RESIDENCE_PERMIT: "港澳居民居住证",
    CertificateType.TAIWAN_RESIDENCE_PERMIT: "台湾居民居住证",
    CertificateType.FOREIGN_PERMANENT_RESIDENT_ID: "外国人永久居留身份证",
}
"""The authority's names; all but 营业执照, 统一社会信用代码证书, 组织机构代码证, 居民身份证 and 护照 are
[UNVERIFIED], and matched against its live list."""

PERSONAL_CERTIFICATES = frozenset(
    {
        CertificateType.RESIDENT_ID,
        CertificateType.PASSPORT,
        CertificateType.HK_MACAO_PERMIT,
        CertificateType.TAIWAN_PERMIT,
        CertificateType.HK_MACAO_RESIDENCE_PERMIT,
        CertificateType.TAIWAN_RESIDENCE_PERMIT,
        CertificateType.FOREIGN_PERMANENT_RESIDENT_ID,
    }
)
"""Certificates of persons; all others are of bodies."""


class MaterialType(str, Enum):
    """Materials that an application may hold."""

    SUBJECT_CERTIFICATE = "subject_certificate"
    SUBJECT_PRINCIPAL_CERTIFICATE = "subject_principal_certificate"
    MINI_PROGRAM_PRINCIPAL_CERTIFICATE = "mini_program_principal_certificate"
    PRE_APPROVAL = "pre_approval"
    AUTHORISATION_LETTER = "authorisation_letter"
    PARTY_BUILDING_PROOF = "party_building_proof"
    RESIDENCE_PERMIT = "residence_permit"
    SITUATION_STATEMENT = "situation_statement"
    COMMITMENT_LETTER = "commitment_letter"
    ON_SITE_PHOTO = "on_site_photo"
    SERVICE_COMMITMENT = "service_commitment"
    AUTHENTICITY_CHECKLIST = "authenticity_checklist"
    OTHER = "other"


MATERIAL_LABELS = {
    MaterialType.SUBJECT_CERTIFICATE: "主办单位证件",
    MaterialType.SUBJECT_PRINCIPAL_CERTIFICATE: "主体负责人证件",
    MaterialType.MINI_PROGRAM_PRINCIPAL_CERTIFICATE: "小程序负责人证件",
    MaterialType.PRE_APPROVAL: "前置审批/专项审批",
    MaterialType.AUTHORISATION_LETTER: "授权书",
    MaterialType.PARTY_BUILDING_PROOF: "党建证明",
    MaterialType.RESIDENCE_PERMIT: "居住证",
    MaterialType.SITUATION_STATEMENT: "情况说明",
    MaterialType.COMMITMENT_LETTER: "承诺书",
    MaterialType.ON_SITE_PHOTO: "负责人核验现场拍摄照片",
    MaterialType.SERVICE_COMMITMENT: "互联网信息服务承诺书",
    MaterialType.AUTHENTICITY_CHECKLIST: "小程序备案真实性核验单",
    MaterialType.OTHER: "其他材料",
}

SERVICE_CONTENTS = {
    "ecommerce": "网上购物",
    "utilities_payment": "生活缴费",
    "recruitment": "招聘",
    "catering": "餐饮服务",
    "travel": "旅游出行",
    "tools": "工具",
    "corporate_site": "企业展示",
    "government_service": "政务服务",
    # what implies a pre-approval, so that each can be reached
    "news": "网络新闻",
    "online_reading": "网络阅读",
    "games": "网络游戏",
    "online_education": "网络教育",
    "after_school_training": "校外培训",
    "health_care": "医疗保健",
    "drugs_and_devices": "药品和医疗器械",
    "music": "网络音乐",
    "performances": "网络表演",
    "film_and_television": "网络影视",
    "ride_hailing": "网络预约车",
    "finance": "互联网金融",
    "religion": "宗教信息",
    "forum": "论坛社区",
}
"""Our names of service contents (服务内容标识) and the names under which the authority lists them.

生活缴费 and 招聘 are seen in the authority's sample, 工具 in its guide (WX-CAT); the other names are
[UNVERIFIED] and matched against the live list before anything is submitted.
"""

PRE_APPROVALS = {
    "news": "新闻",
    "publishing": "出版",
    "education": "教育",
    "health_care": "医疗保健",
    "drugs_and_devices": "药品和医疗器械",
    "bulletin_board": "电子公告服务",
    "culture": "文化",
    "radio_film_television": "广播电影电视节目",
    "ride_hailing": "网络预约车",
    "internet_finance": "互联网金融",
    "after_school_training": "校外培训",
    "religion": "宗教",
}
"""Our names of pre-approval categories (前置审批) and the authority's, from its published sample."""

NO_PRE_APPROVAL = "以上都不涉及"
"""What must be stated expressly when no pre-approval applies (WX-API/applyicpfiling)."""
