"""Hints in the sentences that people write: what is meant is found, what only looks alike is not."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from filing.application import Application
from filing.pre_approvals import likely
from operations.examples import example_names, write_example
from operations.simulation.arrivals import Applicants, Start, corrected
from operations.simulation.habits import Habits
from tests.filing.checking import Edit

# 西藏: where every category is asked for that is asked for anywhere
PLACE = {
    "subject.province": "西藏自治区",
    "subject.city": "拉萨市",
    "subject.district": "城关区",
}

MEANT = {
    "本平台提供国内时政要闻与本地新闻的转载和推送服务": {"news"},
    "提供网络小说连载与电子书在线阅读服务,支持书架同步": {"publishing"},
    "一款休闲小游戏,玩家通过消除方块闯关,支持好友排行": {"publishing"},
    "学校教育资源的在线课堂平台,面向全区中小学生开放": {"education"},
    "本院患者可在线预约挂号、缴费,查询门诊检查报告": {"health_care"},
    "线上药店,销售非处方药、血压计与助听器,同城送药上门": {"drugs_and_devices"},
    "提供原创音乐的在线音乐收听与音乐播放服务,可收藏歌单": {"culture"},
    "精品短剧在线观看,另有电影、电视剧的视频点播服务": {"radio_film_television"},
    "为乘客提供网约车一键叫车、行程查看与支付服务": {"ride_hailing"},
    "为个人客户提供小额贷款申请、理财产品展示与购买": {"internet_finance"},
    "面向小学生的课后辅导与作业辅导报名,并有奥数培训": {"after_school_training"},
    "介绍佛教文化,提供佛经诵读与在线祈福等服务内容": {"religion"},
    "提供药品销售与在线问诊,医生审核后开具处方药": {"health_care", "drugs_and_devices"},
    # a denial ends with its clause, and denies only what it names
    "不提供诊疗服务,只做药品的线上销售与同城配送": {"drugs_and_devices"},
    "本店不仅销售药品,还销售日用百货,支持同城配送到家": {"drugs_and_devices"},
    "不涉及新闻。另为用户提供电影与电视剧的在线点播": {"radio_film_television"},
    "不涉及出版,提供新闻推送服务,内容由本单位采编": {"news"},
    "药店自营商城,不销售处方药,只销售日用商品与保健用品": {"drugs_and_devices"},
}

NOT_MEANT = (
    # ordinary trades
    "面向昆山本地商户的线上商城,提供商品浏览、下单、支付与售后服务",
    "餐厅点餐小程序,支持扫码点餐、排队取号、会员积分与优惠券领取",
    "小区物业服务,业主可在线报修、缴纳物业费、查看公告与访客登记",
    "家政保洁预约平台,提供钟点工、月嫂、家电清洗的下单与评价",
    "企业官网展示公司简介、产品目录与联系方式,供客户了解和咨询",
    "健身房约课小程序,会员可查看课表、预约课程并购买私教课",
    "酒店客房预订,展示房型与价格,支持在线支付与开具发票",
    "快递寄件与查询,用户可在线下单、查看物流轨迹和费用明细",
    "二手书交换工具,同学之间登记闲置图书并约定线下交换时间",
    "汽车维修保养预约,提供工位排期、配件报价与维修进度查询",
    "个人记账工具,记录每日收支,按月生成报表,不涉及任何交易",
    "景区门票预订、导览讲解与停车位查询,服务来藏游客",
    "职业技能提升报名,提供驾校学车、电工证考试的班次与报名",
    "美容美发门店预约,展示发型师作品,支持储值卡与次卡消费",
    "宠物医院预约,提供宠物诊疗、疫苗接种、洗护美容的时间预约",
    "农资商城销售农药、化肥、种子与兽药,提供农技指导与配送",
    # the word means something else
    "提供新闻发布会场地出租,展示场地图片、价格与档期,在线预订",
    "拉萨市教育局办事指南,提供入学报名材料清单与办理进度查询",
    "电影票在线选座购票,展示影院地址、场次与停车信息",
    "影视拍摄器材租赁与摄影视频后期制作的报价、下单与排期",
    "住房公积金贷款额度测算与办事网点查询,数据不上传",
    "网约车司机招聘与网约车租赁信息展示,司机可在线报名",
    "宗教事务局政务公开,展示机构职能、办事流程与联系方式",
    "过期药品回收点查询,地图展示离居民最近的回收箱位置",
    "展示公司新闻与企业新闻中心动态,发布产品更新与招聘信息",
    # words across the border of two others
    "软件更新后推出版本对比工具,可及时政策提醒、实时事件记录",
    "上门诊断家电故障并维修,悬挂号牌的工作人员持证上岗",
    "专家教您收纳整理,大家教学相长,轨道教学演示与孩子的环境手册",
    "管理财务报表与到期货款,定期货源盘点,办理财产登记预约",
    "自动化管理网校验工具,江西药膳餐厅预订,推广正宗教程做法",
    # denied
    "线上商城,不涉及新闻、出版、教育、医疗保健、药品和医疗器械、文化、广播电影电视节目等前置审批内容",
    "线上商城,不涉及新闻,出版,教育,医疗保健,药品和医疗器械,文化,电影等需前置审批的内容",
    "仅展示保健食品的产品信息与价格,不涉及药品,不提供问诊",
    "门店展示与预约到店服务,本程序未涉及医疗器械销售,也不提供处方药",
    "社区便民信息查询,与药品销售、网络游戏、小额贷款等业务无关",
    "图书馆座位预约,不含电子书阅读;没有影视播放;禁止发布新闻",
    "便民查询工具,新闻、出版、宗教内容均不涉及,仅供查询公交线路",
    "日用百货线上销售,药品除外,支持同城配送、到店自提与退换货",
    "乡村集市商品展示,不销售药品或医疗器械,不从事金融服务",
)


def hinted(edited: Edit, **mini_program: Any) -> set[str]:
    changes = {f"mini_program.{field}": value for field, value in mini_program.items()}
    return {hint.category for hint in likely(edited(PLACE | changes))}


@pytest.mark.parametrize(("remark", "categories"), MEANT.items())
def test_what_is_meant_hints(remark: str, categories: set[str], edited: Edit) -> None:
    assert hinted(edited, remark=remark) == categories


@pytest.mark.parametrize("remark", NOT_MEANT)
def test_what_is_not_meant_does_not(remark: str, edited: Edit) -> None:
    assert hinted(edited, remark=remark) == set()


@pytest.mark.parametrize("name", example_names())
def test_no_example_hints_at_what_it_does_not_declare(name: str, tmp_path: Path) -> None:
    file = write_example(name, tmp_path, None)
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    data["subject"]["province"] = PLACE["subject.province"]
    application = Application.model_validate(data)
    declared = {a.category for a in application.mini_program.pre_approvals or ()}
    assert {hint.category for hint in likely(application)} <= declared


def test_no_application_of_the_simulation_hints() -> None:
    habits = Habits()
    applicants = Applicants(habits)
    for bureau in range(len(habits.bureaus)):
        start = Start(at=0, number=bureau, bureau=bureau, one_phone=False, seed=0)
        application = applicants.application(start)
        assert likely(application) == likely(corrected(application, 2)) == ()
