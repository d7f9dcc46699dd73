"""Names of people as they occur in China: surnames by their frequency, given names by generation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

# Surnames with their share of the population in tenths of a per cent.
_SURNAMES = """
王wang72 李li70 张zhang68 刘liu54 陈chen45 杨yang31 黄huang22 赵zhao22 吴wu20 周zhou20 徐xu15 孙sun15
马ma13 朱zhu13 胡hu13 郭guo12 何he11 林lin11 高gao11 罗luo10 郑zheng9 梁liang8 谢xie8 宋song7 唐tang7
许xu7 韩han6 邓deng6 冯feng6 曹cao6 彭peng6 曾zeng5 肖xiao5 田tian5 董dong5 潘pan5 袁yuan5 蔡cai5 蒋jiang5
余yu5 于yu5 杜du4 叶ye4 程cheng4 魏wei4 苏su4 吕lv4 丁ding4 任ren4 卢lu4 姚yao4 沈shen4 钟zhong4 姜jiang4
崔cui4 谭tan3 陆lu3 范fan3 汪wang3 廖liao3 石shi3 金jin3 韦wei3 贾jia3 夏xia3 付fu3 方fang3 邹zou3 熊xiong3
白bai3 孟meng3 秦qin3 邱qiu3 侯hou3 江jiang3 尹yin3 薛xue3 闫yan2 段duan2 雷lei2 龙long2 黎li2 史shi2 陶tao2
贺he2 毛mao2 郝hao2 顾gu2 龚gong2 邵shao2 欧阳ouyang1
"""

_OLDER = """
建国jianguo 建军jianjun 建华jianhua 建平jianping 国强guoqiang 国华guohua 志强zhiqiang 志明zhiming 志勇zhiyong
文军wenjun 卫东weidong 卫国weiguo 晓东xiaodong 晓明xiaoming 永强yongqiang 永明yongming 海涛haitao 海波haibo
立新lixin 立军lijun 正华zhenghua 伟民weimin 丽华lihua 丽萍liping 秀英xiuying 桂英guiying 玉兰yulan 玉梅yumei
红梅hongmei 春梅chunmei 晓红xiaohong 晓燕xiaoyan 雪梅xuemei 淑芬shufen 素琴suqin 慧敏huimin 月华yuehua 爱华aihua
军jun 勇yong 强qiang 伟wei 斌bin 刚gang 平ping 辉hui 芳fang 敏min 静jing 丽li 燕yan 萍ping 红hong 霞xia
"""

_MIDDLE = """
俊杰junjie 俊峰junfeng 志远zhiyuan 志鹏zhipeng 志伟zhiwei 文博wenbo 文涛wentao 海洋haiyang 海峰haifeng 晓峰xiaofeng
晓鹏xiaopeng 少华shaohua 少杰shaojie 明亮mingliang 振宇zhenyu 振华zhenhua 泽民zemin 鹏飞pengfei 鹏程pengcheng
立伟liwei 家豪jiahao 家明jiaming 国栋guodong 新宇xinyu 旭东xudong 亚楠yanan 亚军yajun 婷婷tingting 丹丹dandan
佳佳jiajia 晶晶jingjing 莉莉lili 媛媛yuanyuan 晓丽xiaoli 晓敏xiaomin 晓琳xiaolin 雅琴yaqin 雅静yajing 雪莲xuelian
海燕haiyan 丽娜lina 丽娟lijuan 美玲meiling 美华meihua 玉婷yuting 思敏simin 慧玲huiling 秋菊qiuju 春燕chunyan
磊lei 涛tao 超chao 鹏peng 浩hao 凯kai 杰jie 波bo 峰feng 亮liang 飞fei 宁ning 洋yang 明ming 健jian 帅shuai
娟juan 艳yan 娜na 玲ling 婷ting 倩qian 雪xue 琳lin 洁jie 莹ying 丹dan 蕾lei 颖ying 梅mei 慧hui 晶jing
"""

_YOUNGER = """
子轩zixuan 子豪zihao 子涵zihan 子墨zimo 浩然haoran 浩宇haoyu 宇航yuhang 宇轩yuxuan 宇辰yuchen 博文bowen 博涛botao
俊豪junhao 俊熙junxi 天宇tianyu 天佑tianyou 明轩mingxuan 明哲mingzhe 嘉豪jiahao 嘉诚jiacheng 嘉伟jiawei 泽宇zeyu
泽楷zekai 睿哲ruizhe 思远siyuan 思源siyuan 晨阳chenyang 晨曦chenxi 逸飞yifei 逸凡yifan 奕辰yichen 梓豪zihao
煜城yucheng 铭杰mingjie 家乐jiale 一鸣yiming 昊天haotian 雨桐yutong 雨欣yuxin 雨薇yuwei 雨晴yuqing 诗涵shihan
诗琪shiqi 诗雨shiyu 欣怡xinyi 欣妍xinyan 佳怡jiayi 佳琪jiaqi 佳慧jiahui 梦瑶mengyao 梦婷mengting 梦洁mengjie
思琪siqi 思雨siyu 思涵sihan 思颖siying 可欣kexin 心怡xinyi 梓涵zihan 紫萱zixuan 若曦ruoxi 静怡jingyi 雅婷yating
雅雯yawen 晓彤xiaotong 语嫣yuyan 嘉怡jiayi 嘉欣jiaxin 婉婷wanting 楚楚chuchu 悦yue 瑶yao 萌meng 璐lu 宁ning
"""

_WORD = re.compile(r"([一-鿿]+)([a-z]+)(\d*)")


def _words(text: str) -> list[tuple[str, str, int]]:
    return [(hanzi, pinyin, int(share or 1)) for hanzi, pinyin, share in _WORD.findall(text)]


SURNAMES = _words(_SURNAMES)
SHARES = list(accumulate(share for _, _, share in SURNAMES))
OLDER, MIDDLE, YOUNGER = _words(_OLDER), _words(_MIDDLE), _words(_YOUNGER)


@dataclass
class Names:
    """Draws names, and a mail address for each.

    Nobody has the name of somebody drawn before, so that who is who is clear at a glance; the few who
    are spelt alike get numbered addresses.
    """

    random: Random
    domain: str
    taken: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def draw(self, years_of_service: float) -> tuple[str, str]:
        """Return a name and a mail address for somebody who has been with us that long."""
        while True:
            surname, first, _ = self.random.choices(SURNAMES, cum_weights=SHARES)[0]
            given, second, _ = self.random.choice(self._generation(years_of_service))
            if surname + given not in self.known:
                self.known.add(surname + given)
                return surname + given, self._address(f"{first}.{second}")

    def _generation(self, years_of_service: float) -> list[tuple[str, str, int]]:
        age = 24 + years_of_service + self.random.uniform(0, 8)
        return OLDER if age > 42 else MIDDLE if age > 31 else YOUNGER

    def _address(self, local: str) -> str:
        self.taken[local] = self.taken.get(local, 0) + 1
        number = str(self.taken[local]) if self.taken[local] > 1 else ""
        return f"{local}{number}@{self.domain}"
