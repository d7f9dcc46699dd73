"""Where the demo company sells, what, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

MAIL_DOMAIN = "yangfan.example"


@dataclass(frozen=True)
class Division:
    """A 大区: its strength relative to the others, and its departments' places."""

    name: str
    name_en: str
    region: str
    strength: float
    named_places: str

    @property
    def places(self) -> list[str]:
        return self.named_places.split()


DIVISIONS = (
    Division(
        "华东大区",
        "East China",
        "华东",
        1.25,
        "上海浦东 上海浦西 南京 苏州 无锡 常州 杭州 宁波 温州 合肥 济南 青岛 南昌 福州 厦门",
    ),
    Division(
        "华南大区",
        "South China",
        "华南",
        1.1,
        "广州天河 广州番禺 深圳南山 深圳宝安 东莞 佛山 珠海 中山 惠州 江门 汕头 湛江 南宁 柳州 海口",
    ),
    Division(
        "华北大区",
        "North China",
        "华北",
        0.95,
        "北京海淀 北京朝阳 北京亦庄 天津 石家庄 唐山 保定 太原 呼和浩特 包头 沈阳 大连 长春 哈尔滨 烟台",
    ),
    Division(
        "中西部大区",
        "Central and West China",
        "中西部",
        0.85,
        "武汉 宜昌 长沙 株洲 郑州 洛阳 成都高新 成都锦江 绵阳 重庆 西安 昆明 贵阳 兰州 乌鲁木齐",
    ),
)

# Office equipment and what goes with it; each from which amount on a deal is about it.
_PRODUCTS = (
    (0, ("耗材年度供应", "办公桌椅", "标签打印机", "会议摄像头")),
    (12_000, ("激光打印机", "考勤门禁套件", "投影仪", "网络设备")),
    (30_000, ("数码复合机", "智能会议屏", "文印外包服务", "视频会议系统")),
    (80_000, ("智慧办公整体方案", "数字展厅", "生产型印刷系统")),
)

_FIRST = "华恒中瑞金鑫博创天宏盛泰嘉德安远新立明达汇众信诚科凯润海东方正源思腾卓越优联通宇锦弘"
_SECOND = "宇达泰丰源盛科创联信德邦瑞通博远航图康美成业凯林川诚隆和兴辰晟杰畅洋"
_TRADES = (
    "电子科技 机械制造 医疗器械 教育科技 物流 食品 建筑工程 新能源 生物科技 软件 汽车零部件 纺织 化工 传媒 商贸 "
    "信息技术 装饰工程 环保科技 精密仪器 包装材料"
)


def product_for(random: Random, amount: int) -> str:
    """Name a product that a deal of this amount may be about."""
    names = next(names for least, names in reversed(_PRODUCTS) if amount >= least)
    return random.choice(names)


@dataclass
class Customers:
    """Draws names of customers; none twice."""

    random: Random
    taken: set[str] = field(default_factory=set)
    trades: list[str] = field(default_factory=_TRADES.split)

    def draw(self, place: str) -> str:
        city = place[:2] if place[:2] in ("上海", "广州", "深圳", "北京", "成都") else place
        while True:
            pick = self.random.choice
            name = f"{city}{pick(_FIRST)}{pick(_SECOND)}{pick(self.trades)}有限公司"
            if name not in self.taken:
                self.taken.add(name)
                return name
