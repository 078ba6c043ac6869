//! Texts around the lessons; those of the lessons are in `web/lessons`.

macro_rules! lesson_texts {
    ($($rest:tt)*) => { live_texts! { $($rest)*

    LessonsTitle = "Lessons", "课程";
    LessonsAll = "← All lessons", "← 全部课程";
    LessonsDone = "{0} of {1} lessons done", "已完成 {0} / {1} 课";
    LessonsMissing = "The list of lessons cannot be fetched. Everything else works without it.",
        "无法取得课程列表；页面的其余部分不受影响。";
    LessonsAgain = "Try again", "重试";
    PartOne = "Part one: how it works", "第一部分：复制的原理";
    PartTwo = "Part two: what hurts in production", "第二部分：生产环境中的坑";
    Sandbox = "Free sandbox", "自由沙盒";
    SandboxNote = "No goals are needed: cut links, stop nodes, type into consoles, or build a world of your own (“New world” at the top).",
        "不必有目标：可以切断链路、停掉节点、在控制台输入命令，也可以从顶部的“新建环境”搭建自己的拓扑。";
    LessonNumber = "{0} · lesson {1}", "{0} · 第 {1} 课";
    LessonUnknown = "There is no lesson called {0}. The list in the left column has them all.",
        "没有名为 {0} 的课程，左栏列出了全部课程。";
    LessonMissing = "This lesson cannot be fetched. Is the connection up? Try again.",
        "无法取得这一课。请检查网络连接后重试。";
    LessonGoal = "Goal {0} of {1}", "目标 {0} / {1}";
    LessonHint = "Hint ({0} of {1})", "提示（{0} / {1}）";
    LessonUsed = "Commands and interventions: {0}; fewest known: {1}.", "命令与干预：{0} 次；已知最少：{1} 次。";
    LessonIsBest = "Nobody is known to need fewer.", "这已经是已知的最少次数。";
    LessonBeaten = "That is fewer than anybody was known to need.", "比已知的最少次数还要少！";
    LessonCanBeat = "It can be done with fewer: begin anew, and think before you act.",
        "还可以更少：重新开始，想清楚再动手。";
    LessonCleanSlate = "Clean slate", "从头再来";
    LessonAnew = "The lesson begins anew.", "本课重新开始。";
    LessonShow = "Show me", "演示一遍";
    LessonShown = "The solution lies ahead in this history: step through it, or press play. It does not count as yours.",
        "解法已经排在这条历史的前方：单步前进或点播放即可观看。这不计入你的成绩。";
    LessonNext = "Next lesson", "下一课";
    LessonAfter = "To take home", "记住这些";
    LessonFar = "{0} of {1} goals", "{0} / {1} 个目标";
    LessonDone = "All goals of this lesson are reached.", "本课的目标全部达成。";
    GoalReached = "Goal {0} of {1} is reached.", "目标 {0} / {1} 已达成。";
    GoalNext = "Next: {0}", "接下来：{0}";
    QuestionTitle = "Your prediction", "你的预测";
    QuestionLocked = "Locked in. Go on: what happens will tell.", "已锁定。继续前进，看结果如何。";
    QuestionLock = "Lock in", "锁定";
    QuestionNumber = "Your number", "你的数字";
    QuestionNoNumber = "A whole number, please: digits only.", "请输入整数，只用数字。";
    QuestionSaid = "You said {0}.", "你的答案：{0}。";
    AnswerRight = "You were right.", "预测正确。";
    AnswerWrong = "It came differently.", "结果与预测不同。";
    AnswerNone = "You did not predict it; this is what came.", "你没有预测；结果如下。";
    AnswerNumber = "It is {0}.", "答案是 {0}。";
    AnswerOpen = "In this history none of these came true: what you did has changed the question. A clean slate asks it again.",
        "在这条历史里，没有一个选项成立：你的操作改变了问题的前提。“从头再来”可以重新作答。";
    ProgressExport = "Export", "导出";
    ProgressImport = "Import", "导入";
    ProgressImported = "Progress taken over: {0} lessons are done.", "进度已导入：完成了 {0} 课。";
    ProgressBad = "This file holds no progress that this version can read.", "文件中没有此版本可以读取的进度。";
    ProgressForget = "Reset", "清除";
    ProgressForgetSure = "Forget what was done in all lessons?", "清除所有课程的进度？";
    ProgressForgetYes = "Forget", "清除";
    ProgressForgetNo = "Keep", "保留";
    ProgressForgotten = "Progress is forgotten.", "进度已清除。";
    CalculatorTitle = "How large must the backlog be?", "积压缓冲区要多大？";
    CalculatorMeasured = "The master's stream grew by {0} bytes a second, averaged over up to {1} seconds before this moment.",
        "在此刻之前最多 {1} 秒内，主节点的复制流平均每秒增长 {0} 字节。";
    CalculatorRate = "Bytes per second", "每秒字节数";
    CalculatorAway = "Seconds a replica may be away", "从节点允许断开的秒数";
    CalculatorNeeds = "At least {0} bytes", "至少 {0} 字节";
    CalculatorLasts = "The present backlog of {0} bytes lasts for {1} seconds.", "当前的积压缓冲区为 {0} 字节，可支撑 {1} 秒。";
    CalculatorQuiet = "Nothing is written: any backlog lasts.", "没有写入：多大的积压缓冲区都够用。";

    } };
}
